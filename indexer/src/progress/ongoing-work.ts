import type { Clock } from '@hypershard/common'
import type { GenerationRecord, ObjectStore } from '@hypershard/storage'
import { LRUCache } from 'lru-cache'
import { Throttle } from '../encoding/throttle.ts'
import { ProgressReporter } from './progress-reporter.ts'

/** Generations that are known: more than are worked on at a time. */
const generationsMax = 1_000

/** What all jobs of this process on one generation have in common: one rate, and one report. */
export interface OngoingWork {
  readonly throttle: Throttle
  readonly progress: ProgressReporter
}

/** The work on all generations. */
export class OngoingWorks {
  readonly #works = new LRUCache<string, OngoingWork>({ max: generationsMax })
  readonly #store: ObjectStore
  readonly #clock: Clock

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  of(generation: GenerationRecord): OngoingWork {
    const key = `${generation.indexUid}/${generation.generation}`
    const known = this.#works.get(key)
    if (known !== undefined) return known
    const work = {
      throttle: new Throttle(this.#clock),
      progress: new ProgressReporter(this.#store, generation, this.#clock),
    }
    this.#works.set(key, work)
    return work
  }
}
