import { type Clock, HypershardError, type Logger, pauseBy, systemClock } from '@hypershard/common'
import {
  changeGenerationState,
  type GenerationReference,
  type GenerationState,
  listGenerations,
  type ObjectStore,
  readGenerationState,
  readProgress,
} from '@hypershard/storage'
import type { Catalog } from '../catalog/catalog.ts'
import { type Pace, type SearchPace, windowMs } from './search-pace.ts'

export interface SlowDownParts {
  readonly store: ObjectStore
  readonly catalog: Catalog
  readonly pace: SearchPace
  readonly log: Logger
  readonly clock?: Clock
}

/** How often generations are slowed down or let go faster. */
const everyMs = 3_000

/** While nobody searches here, only generations known to be slowed are looked at; all of them this often. */
const lookAtAllEveryMs = 600_000

/** Fewer searches say nothing about the slowest: no generation is slowed down for them. */
const searchesMin = 20

/** Searches this much below their limit let a generation go faster. */
const easyShare = 0.7

const slower = 0.5
const faster = 1.3

/** In one step while nobody searches: a step then is as long as searches count. */
const fasterUnsearched = 2

/** Documents a second: below the first a generation hardly moves, above the second it is not held back by this. */
const rateMin = 0.5
const rateMax = 2_000

/** What a generation is taken to do whose rate nobody has told yet. */
const rateUnknown = 100

/**
 * Slows generations that are being built down while searches take longer than their own limit says, and lets them go
 * again after. The first is done at once and by half, the other step by step, also when no search comes any more.
 */
export class SlowDown {
  readonly #parts: SlowDownParts
  readonly #clock: Clock
  /** Those that were slowed when they were last looked at, by index and number. */
  readonly #slowed = new Map<string, GenerationReference>()
  #lookedAtAllMs = Number.NEGATIVE_INFINITY

  constructor(parts: SlowDownParts) {
    this.#parts = parts
    this.#clock = parts.clock ?? systemClock
  }

  start(): { stop(): Promise<void> } {
    const stopped = new AbortController()
    const forever = async () => {
      while (!stopped.signal.aborted) {
        await pauseBy(this.#clock, everyMs, stopped.signal).catch(() => undefined)
        if (!stopped.signal.aborted) await this.adjustAll()
      }
    }
    const running = forever()
    return {
      stop: () => {
        stopped.abort()
        return running
      },
    }
  }

  /** One look at the searches, and what follows from it for each generation. */
  async adjustAll(): Promise<void> {
    const pace = this.#parts.pace.look()
    const nowMs = this.#clock.monotonicMs()
    const due = pace.searches > 0 || nowMs - this.#lookedAtAllMs >= lookAtAllEveryMs
    if (!due) {
      const slowed = [...this.#slowed.values()]
      for (const index of new Set(slowed.map(one => one.index))) {
        await this.#adjustEach(index, async () => slowed.filter(one => one.index === index), pace)
      }
      return
    }
    this.#lookedAtAllMs = nowMs
    for (const { record } of this.#parts.catalog.listIndexes()) {
      const generationsOf = async () =>
        (await listGenerations(this.#parts.store, record)).map(generation => ({ index: record.name, generation }))
      await this.#adjustEach(record.name, generationsOf, pace)
    }
  }

  /** A failure of one index holds up no other. */
  async #adjustEach(
    index: string,
    generations: () => Promise<readonly GenerationReference[]>,
    pace: Pace,
  ): Promise<void> {
    try {
      for (const generation of await generations()) await this.#adjust(generation, pace)
    } catch (error) {
      if (!(error instanceof HypershardError)) throw error
      this.#parts.log.warn({ err: error, index }, 'a generation could not be slowed down')
    }
  }

  async #adjust(generation: GenerationReference, pace: Pace): Promise<void> {
    const { store, log } = this.#parts
    const key = `${generation.index}/${generation.generation}`
    const state = await readGenerationState(store, generation)
    this.#slowed.delete(key)
    if (state.phase !== 'building' || (state.searchP99MsMax === null && state.slowedToDocumentsPerSecond === null))
      return
    const measured = (await readProgress(store, generation))?.documentsPerSecond ?? 0
    const rate = nextRate(state, pace, { measured, nowMs: this.#clock.now() })
    if (rate !== null) this.#slowed.set(key, generation)
    if (rate === state.slowedToDocumentsPerSecond) return
    await changeGenerationState(store, generation, () => ({ slowedToDocumentsPerSecond: rate }), this.#clock)
    const p99Ms = Number.isFinite(pace.p99Ms) ? pace.p99Ms : 'not answered in time'
    log.info(
      { ...generation, p99Ms, documentsPerSecond: rate },
      'generation slowed down for searches, or let go faster',
    )
  }
}

/**
 * @param now.measured documents a second that the generation does now; 0 when nobody knows
 * @returns documents a second; null for as fast as it can
 */
export function nextRate(
  state: Pick<GenerationState, 'searchP99MsMax' | 'slowedToDocumentsPerSecond' | 'changedAt'>,
  { searches, p99Ms }: Pace,
  { measured, nowMs }: { readonly measured: number; readonly nowMs: number },
): number | null {
  const { searchP99MsMax: limit, slowedToDocumentsPerSecond: slowed, changedAt } = state
  if (limit === null) return null
  if (p99Ms > limit && searches >= searchesMin) {
    const now = Math.min(slowed ?? Number.POSITIVE_INFINITY, measured > 0 ? measured : rateUnknown)
    return Math.max(rateMin, now * slower)
  }
  if (slowed === null || p99Ms > limit * easyShare) return slowed
  // Another coordinator may have searches where this one has none, and has its say first.
  if (searches === 0 && nowMs - Date.parse(changedAt) < windowMs) return slowed
  const next = slowed * (searches === 0 ? fasterUnsearched : faster)
  return next > rateMax ? null : next
}
