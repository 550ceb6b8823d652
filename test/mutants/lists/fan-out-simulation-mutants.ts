import type { Mutant } from '../mutant.ts'

const tests = ['coordinator/src/search/fan-out.simulation.test.ts']

/** Faults that show only in a whole cluster, or would in any: the simulation of the fan-out must not be blind. */
export const fanOutSimulationMutants: readonly Mutant[] = [
  {
    id: 'simulated-coverage-claims',
    file: 'coordinator/src/search/count-coverage.ts',
    find: 'documentsScored: Math.min(said.documentsScored, matched),',
    replace: 'documentsScored: said.documentsScored,',
    breaks: 'Coverage is counted from the manifest where a server claims more',
    tests,
  },
  {
    id: 'simulated-rank-order',
    file: 'coordinator/src/search/shard-answer.ts',
    find: 'if (before !== undefined && compare(before, rank) >= 0)',
    replace: 'if (before !== undefined && compare(before, rank) === Number.POSITIVE_INFINITY)',
    breaks: 'Hits of a server that are not in rank order, or there twice, are no answer',
    tests: [...tests, 'coordinator/src/search/fan-out.test.ts'],
  },
  {
    id: 'simulated-other-shard',
    file: 'coordinator/src/search/shard-answer.ts',
    find: 'if (segments[address.segment]?.shard !== shard)',
    replace: 'if (segments[address.segment]?.shard === undefined)',
    breaks: 'Hits of another shard are no answer',
    tests: [...tests, 'coordinator/src/search/fan-out.test.ts'],
  },
  {
    id: 'simulated-hedge-budget',
    file: 'coordinator/src/search/hedge-budget.ts',
    find: 'if (this.#saved < 100) return false',
    replace: 'if (this.#saved < Number.NEGATIVE_INFINITY) return false',
    breaks: 'Hedges keep within their budget while a server is slow',
    tests,
  },
  {
    id: 'simulated-never-replaced',
    file: 'coordinator/src/cluster/effective-view.ts',
    find: 'someLiveSinceMs) >= replaceAfterMs',
    replace: 'someLiveSinceMs) >= replaceAfterMs * 1e9',
    breaks: 'The shards of a server that is gone for good are served by others',
    tests,
  },
  {
    id: 'simulated-no-room',
    file: 'coordinator/src/cluster/cluster.ts',
    find: 'this.#refused.note(refusal, this.#clock.monotonicMs())',
    replace: 'this.#clock.monotonicMs()',
    breaks: 'A shard that does not fit on a server is held by the next',
    tests,
  },
  {
    id: 'simulated-retry',
    file: 'coordinator/src/search/retry-policy.ts',
    find: 'if (next !== undefined) return { member: next, pauseMs: 0 }',
    replace: 'if (next !== undefined) return undefined',
    breaks: 'A search fails no more than its server where another holds the shard',
    tests,
  },
]
