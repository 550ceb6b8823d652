import type { Mutant } from '../mutant.ts'

const counting = ['shard-server/src/filtering/count-values.test.ts']
const facets = ['coordinator/src/search/stages/count-facets.test.ts']
const doors = ['coordinator/src/transport/search-stages.test.ts']

export const stagesMutants: readonly Mutant[] = [
  {
    id: 'facet-value-twice',
    file: 'shard-server/src/filtering/count-values.ts',
    find: 'else if (known.lastRow !== row) {',
    replace: 'else {',
    breaks: 'A document that has a value twice counts once',
    tests: counting,
  },
  {
    id: 'facet-of-deleted',
    file: 'shard-server/src/filtering/count-values.ts',
    find: 'if (excluded !== undefined && hasBit(excluded, row)) continue',
    replace: '',
    breaks: 'Facets count what passes the filter and is not deleted',
    tests: counting,
  },
  {
    id: 'facet-values-unbounded',
    file: 'coordinator/src/search/stages/count-facets.ts',
    find: 'if (counts.tooMany || sums.size > facetValuesMax) {',
    replace: 'if (counts.tooMany) {',
    breaks: 'Whether a field has too many values does not depend on how many shards there are',
    tests: facets,
  },
  {
    id: 'facet-too-many-as-none',
    file: 'coordinator/src/search/stages/count-facets.ts',
    find: 'if (counts.tooMany || sums.size > facetValuesMax) {',
    replace: 'if (sums.size > facetValuesMax) {',
    breaks: 'A shard with too many values to count is never taken for one with none',
    tests: facets,
  },
  {
    id: 'facet-ties-as-they-come',
    file: 'coordinator/src/search/stages/count-facets.ts',
    find: 'return b.count - a.count || compareValues(a.value, b.value)',
    replace: 'return b.count - a.count',
    breaks: 'Values of one count have one order, whatever shards they come from',
    tests: facets,
  },
  {
    id: 'facets-missing-as-none',
    file: 'coordinator/src/search/shard-answer.ts',
    find: 'if (facets.length !== asked.length) {',
    replace: 'if (facets.length > asked.length) {',
    breaks: 'A server that counts no values fails, and another holder is asked',
    tests: ['coordinator/src/search/fan-out.test.ts'],
  },
  {
    id: 'facet-integers-rounded',
    file: 'coordinator/src/answers/field-value-json.ts',
    find: "if (typeof value === 'bigint') return JSON.rawJSON(String(value)) as unknown as number",
    replace: "if (typeof value === 'bigint') return Number(value)",
    breaks: 'A facet gives an integer with every digit',
    tests: doors,
  },
]
