import type { Mutant } from '../mutant.ts'

const expression = ['shard-server/src/cpu/composed/expression.test.ts']
const ranking = ['shard-server/src/cpu/composed/rank-composed.property.test.ts']
const server = ['shard-server/src/composed.test.ts']
const reading = ['coordinator/src/search/composed/read-expression.test.ts']
const doors = ['coordinator/src/transport/composed.test.ts']

/** Of queries that are expressions over several. */
export const composedMutants: readonly Mutant[] = [
  {
    id: 'composed-leaves-as-they-are',
    file: 'shard-server/src/cpu/composed/composed-scorer.ts',
    find: 'scores.push(standardised(await scorer.score(documents), await scale()))',
    replace: 'scores.push(standardised(await scorer.score(documents), { ...(await scale()), inverse: 1 }))',
    breaks: 'Scores of leaves are made comparable before they are compared',
    tests: server,
  },
  {
    id: 'composed-scale-of-another',
    file: 'shard-server/src/cpu/composed/composed-scorer.ts',
    find: 'const key = [qnet.weights.copy, work.scoring',
    replace: 'const key = [work.scoring',
    breaks: 'Each leaf has a scale of its own',
    tests: server,
  },
  {
    id: 'composed-nan-hidden',
    file: 'shard-server/src/cpu/composed/leaf-scale.ts',
    find: 'standard[at] = Number.isFinite(value) ? value : Number.NaN',
    replace: 'standard[at] = Number.isFinite(value) ? value : 0',
    breaks: 'A document that a leaf has no score for has none',
    tests: expression,
  },
  {
    id: 'composed-excludes-neighbours',
    file: 'shard-server/src/cpu/composed/expression.ts',
    find: 'Math.max(0, excluded[at]! - exclusionFrom)',
    replace: 'Math.max(0, excluded[at]!)',
    breaks: 'Only what matches is excluded',
    tests: expression,
  },
  {
    id: 'composed-lists-too-short',
    file: 'shard-server/src/cpu/composed/rank-composed.ts',
    find: 'if (certain.length >= kept || end < least) return',
    replace: 'if (candidates.length >= kept || end < least) return',
    breaks: 'A document that is in no list as long as wanted is found where it is better than those that are',
    tests: ranking,
  },
  {
    id: 'composed-deleted-found',
    file: 'shard-server/src/cpu/composed/rank-composed.ts',
    find: 'return vectors.filter(vector => !hasBit(excluded, ownerOf(segment.starts, vector)))',
    replace: 'return [...vectors]',
    breaks: 'What is deleted or filtered out is no candidate',
    tests: ranking,
  },
  {
    id: 'composed-leaf-of-another-model',
    file: 'shard-server/src/search/search-shards.ts',
    find: 'for (const one of query.queries) checkQuery(one, manifest)',
    replace: 'checkQuery(query.queries[0]!, manifest)',
    breaks: 'Every leaf is of the model of the documents',
    tests: server,
  },
  {
    id: 'composed-leaf-unverified',
    file: 'shard-server/src/cpu/scoring-thread.ts',
    find: 'for (const qnet of qnetsOf(work)) expectGoodWeights(qnet)',
    replace: 'expectGoodWeights(work.qnet)',
    breaks: 'The weights of every leaf are verified',
    tests: server,
  },
  {
    id: 'composed-on-a-device',
    file: 'shard-server/src/device/device-backend.ts',
    find: 'if (composed !== undefined) return false',
    replace: '',
    breaks: 'A device, which runs one q-net, is asked for no composed query',
    tests: ['shard-server/src/device/device-backend.test.ts'],
  },
  {
    id: 'composed-same-name',
    file: 'coordinator/src/search/composed/read-expression.ts',
    find: 'own?.name ?? { text, like }), root])',
    replace: 'own?.name ?? { text, like })])',
    breaks: 'A cursor and a kept answer belong to one expression',
    tests: reading,
  },
  {
    id: 'composed-leaves-unbounded',
    file: 'coordinator/src/search/composed/read-expression.ts',
    find: 'if (leaves.length === leavesMax) throw tooMany(path)',
    replace: '',
    breaks: 'An expression has a largest number of leaves, however they are nested',
    tests: reading,
  },
  {
    id: 'composed-tenant-not-told',
    file: 'coordinator/src/access/search-as.ts',
    find: 'const composed = input.composed && { ...input.composed, within: own.filter }',
    replace: 'const { composed } = input',
    breaks: 'A tenant learns nothing of others by what leaves are compared on, or by documents that they are like',
    tests: ['coordinator/src/transport/tenants.test.ts'],
  },
  {
    id: 'composed-tenant-explained',
    file: 'coordinator/src/access/explain-as.ts',
    find: 'composed: search.composed && { ...search.composed, within },',
    replace: '',
    breaks: 'A tenant learns nothing of others by having a document explained for a composed query',
    tests: ['coordinator/src/transport/tenants.test.ts'],
  },
  {
    id: 'composed-likes-unbounded',
    file: 'coordinator/src/search/composed/expand-likes.ts',
    find: 'if (leaves.length <= leavesMax) return',
    replace: 'if (leaves.length > 0) return',
    breaks: 'Documents whose texts are leaves count as leaves',
    tests: ['coordinator/src/search/composed/expand-likes.test.ts'],
  },
  {
    id: 'composed-cached-for-another',
    file: 'coordinator/src/search/answer-cache.ts',
    find: 'own?.name, composed?.name]',
    replace: 'own?.name]',
    breaks: 'An answer is kept for its own expression alone',
    tests: doors,
  },
]
