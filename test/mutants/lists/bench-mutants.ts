import type { Mutant } from '../mutant.ts'

export const benchMutants: readonly Mutant[] = [
  {
    id: 'open-loop-intended',
    file: 'bench/src/load/client/tally.ts',
    find: 'this.#latenciesMs.push(doneMs - intendedMs)',
    replace: 'this.#latenciesMs.push(Math.min(doneMs - intendedMs, 1_000))',
    breaks: 'A latency is counted from the moment the request was meant to be sent',
    tests: ['bench/src/load/client/tally.test.ts'],
  },
  {
    id: 'open-loop-skips-late-arrivals',
    file: 'bench/src/load/client/arrivals.ts',
    find: 'while (this.nextMs <= nowMs) {',
    replace: 'if (this.nextMs <= nowMs) {',
    breaks: 'Requests that became due while nobody looked are sent all the same',
    tests: ['bench/src/load/client/arrivals.test.ts'],
  },
  {
    id: 'new-queries-asked-twice',
    file: 'bench/src/load/client/run-job.ts',
    find: '!repeat && this.used === bodies.length',
    replace: '!repeat && this.used === bodies.length * 2',
    breaks: 'A new query is never asked twice, so that no cache answers it',
    tests: ['bench/src/load/client/run-job.test.ts'],
  },
  {
    id: 'bar-met-by-nothing',
    file: 'bench/src/load/bars.ts',
    find: 'met: known !== null && known <= bar',
    replace: 'met: (known ?? 0) <= bar',
    breaks: 'A bar is not met where nothing was measured',
    tests: ['bench/src/load/bars.test.ts'],
  },
  {
    id: 'errors-counted-as-answers',
    file: 'bench/src/load/client/tally.ts',
    find: 'if (error === undefined && within(doneMs)) this.#completed++',
    replace: 'if (within(doneMs)) this.#completed++',
    breaks: 'Only good answers count for the rate',
    tests: ['bench/src/load/client/tally.test.ts'],
  },
]
