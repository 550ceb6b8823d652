import type { Mutant } from '../mutant.ts'

export const reindexMutants: readonly Mutant[] = [
  {
    id: 'throttle-sleeps-on',
    file: 'indexer/src/encoding/throttle.ts',
    find: 'Math.min(waitMs, askAgainMs)',
    replace: 'waitMs',
    breaks: 'A throttle that is raised ends the wait for the old one',
    tests: ['indexer/src/encoding/throttle.test.ts'],
  },
  {
    id: 'throttle-catches-up',
    file: 'indexer/src/encoding/throttle.ts',
    find: 'this.#allowed = Math.min(this.#taken, this.#allowed + more)',
    replace: 'this.#allowed = this.#allowed + more',
    breaks: 'A throttle holds after a rest too',
    tests: ['indexer/src/encoding/throttle.test.ts'],
  },
  {
    id: 'throttle-a-job',
    file: 'indexer/src/progress/ongoing-work.ts',
    find: 'if (known !== undefined) return known',
    replace: '',
    breaks: 'A throttle is one for all jobs on a generation',
    tests: ['indexer/src/run-job.test.ts'],
  },
  {
    id: 'progress-begins-anew',
    file: 'indexer/src/progress/progress-reporter.ts',
    find: 'if (nowMs - this.#activeAtMs > restMs) this.#marks = []',
    replace: 'this.#marks = []',
    breaks: 'The rate of a copy does not begin anew with each of its jobs',
    tests: ['indexer/src/progress/progress-reporter.test.ts'],
  },
  {
    id: 'progress-counts-failures',
    file: 'indexer/src/progress/progress-reporter.ts',
    find: 'this.#open.delete(work)',
    replace: 'void work',
    breaks: 'What a job did not commit is not told as done',
    tests: ['indexer/src/progress/progress-reporter.test.ts'],
  },
  {
    id: 'progress-slice-counted-twice',
    file: 'indexer/src/backfill/backfill-slice.ts',
    find: 'parts.onCommitted?.(documents.length)',
    replace: '',
    breaks: 'A slice that is copied is not counted as encoded too',
    tests: ['indexer/src/run-job.test.ts'],
  },
]
