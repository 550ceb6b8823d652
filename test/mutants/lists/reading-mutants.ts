import type { Mutant } from '../mutant.ts'

const reading = ['coordinator/src/transport/reading.test.ts']
const holders = ['coordinator/src/reading/ask-holders.test.ts']
const shards = ['shard-server/src/reading.test.ts']

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
    tests: reading,
  },
  {
    id: 'count-of-other-tenants',
    file: 'coordinator/src/access/count-as.ts',
    find: 'filter: joinFilters(own.filter, input.filter),',
    replace: 'filter: input.filter ?? own.filter,',
    breaks: 'A tenant counts its own documents alone',
    tests: reading,
  },
  {
    id: 'count-tells-of-all',
    file: 'coordinator/src/access/count-as.ts',
    find: 'return { ...answer, coverage: coverageForTenant(answer.coverage) }',
    replace: 'return answer',
    breaks: 'A tenant is not told how many documents others have',
    tests: reading,
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
  {
    id: 'list-of-the-newest-version',
    file: 'coordinator/src/reading/list-documents.ts',
    find: "const manifest = await waitWithin(parts.catalog.pin(entry, cursor), inner.deadline, 'reading the manifest')",
    replace: 'const { manifest } = entry',
    breaks: 'All pages of a listing are of one version',
    tests: reading,
  },
  {
    id: 'list-of-other-tenants',
    file: 'coordinator/src/access/list-as.ts',
    find: 'joinFilters(own.filter, input.filter)',
    replace: 'input.filter ?? own.filter',
    breaks: 'A tenant is listed its own documents alone',
    tests: reading,
  },
  {
    id: 'list-cursor-of-any-filter',
    file: 'coordinator/src/reading/list-cursor.ts',
    find: 'return Buffer.from(filter)',
    replace: 'return Buffer.alloc(filter.length * 0)',
    breaks: 'A cursor goes on with the filter that it began with',
    tests: ['coordinator/src/reading/list-cursor.test.ts'],
  },
  {
    id: 'list-ends-with-the-first-shard',
    file: 'coordinator/src/reading/list-documents.ts',
    find: 'return { documents, next: { shard, from: undefined } }',
    replace: 'return { documents, next: undefined }',
    breaks: 'A listing comes to its very end',
    tests: reading,
  },
  {
    id: 'list-with-deleted-rows',
    file: 'shard-server/src/reading/listed-segment.ts',
    find: 'return deleted === undefined ? undefined : allBut(deleted, reader.documents)',
    replace: 'return undefined',
    breaks: 'A deleted document is not listed',
    tests: shards,
  },
  {
    id: 'list-too-large',
    file: 'shard-server/src/reading/list-shard.ts',
    find: 'return documents.length >= request.limit || bytes >= listedBytesMax',
    replace: 'return documents.length >= request.limit',
    breaks: 'A page fits a message, however large documents are',
    tests: shards,
  },
  {
    id: 'list-vector-of-a-neighbour',
    file: 'shard-server/src/reading/list-shard.ts',
    find: 'return rows.map(row => read.subarray((row - from) * width, (row - from + 1) * width))',
    replace: 'return rows.map((_, at) => read.subarray(at * width, (at + 1) * width))',
    breaks: 'A listed document has its own vector',
    tests: shards,
  },
]
