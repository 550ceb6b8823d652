import type { Mutant } from '../mutant.ts'

const counts = ['coordinator/src/transport/counts.test.ts']
const holders = ['coordinator/src/reading/ask-holders.test.ts']
const shards = ['shard-server/src/count-shards.test.ts']

/** Of what reads an index through its shard servers and scores nothing. */
export const readingMutants: readonly Mutant[] = [
  {
    id: 'count-with-deleted-rows',
    file: 'shard-server/src/reading/count-shards.ts',
    find: 'return countBits(deleted === undefined ? selected : subtractBitmap(selected, deleted))',
    replace: 'return countBits(selected)',
    breaks: 'A deleted document is not counted',
    tests: shards,
  },
  {
    id: 'count-without-missing-shards',
    file: 'coordinator/src/reading/count-documents.ts',
    find: 'requireCoverage(coverage, input.minCoverage)',
    replace: '',
    breaks: 'A count that lacks a shard is an error, not a small number',
    tests: counts,
  },
  {
    id: 'count-of-other-tenants',
    file: 'coordinator/src/access/count-as.ts',
    find: 'filter: joinFilters(own.filter, input.filter),',
    replace: 'filter: input.filter ?? own.filter,',
    breaks: 'A tenant counts its own documents alone',
    tests: counts,
  },
  {
    id: 'count-tells-of-all',
    file: 'coordinator/src/access/count-as.ts',
    find: 'return { ...answer, coverage: coverageForTenant(answer.coverage) }',
    replace: 'return answer',
    breaks: 'A tenant is not told how many documents others have',
    tests: counts,
  },
  {
    id: 'holder-never-asked-again',
    file: 'coordinator/src/reading/ask-holders.ts',
    find: 'return !isFinal && nextHolder(shard, asking) !== undefined',
    replace: 'return false',
    breaks: 'Another holder is asked for a shard that failed',
    tests: holders,
  },
  {
    id: 'holder-takes-all-time',
    file: 'coordinator/src/reading/ask-holders.ts',
    find: 'const limited = others ? context.within(context.deadline.remainingMs * firstShare) : context',
    replace: 'const limited = context',
    breaks: 'A holder that hangs leaves time to ask another',
    tests: holders,
  },
]
