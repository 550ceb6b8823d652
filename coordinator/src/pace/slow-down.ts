import { setTimeout as wait } from 'node:timers/promises'
import { HypershardError, type Logger } from '@hypershard/common'
import {
  changeGenerationState,
  type GenerationState,
  listGenerations,
  type ObjectStore,
  readGenerationState,
  readProgress,
} from '@hypershard/storage'
import type { Catalog } from '../catalog/catalog.ts'
import type { SearchPace } from './search-pace.ts'

export interface SlowDownParts {
  readonly store: ObjectStore
  readonly catalog: Catalog
  readonly pace: SearchPace
  readonly log: Logger
}

/** How often builds are slowed down or let go faster. */
const everyMs = 3_000

/** Searches this much below their limit let a build go faster. */
const easyShare = 0.7

const slower = 0.5
const faster = 1.3

/** Documents a second: below the first a build hardly moves, above the second it is not held back by this any more. */
const rateMin = 0.5
const rateMax = 2_000

/** What a build is taken to do whose rate nobody has told yet. */
const rateUnknown = 100

/**
 * Slows builds of other generations down while searches take longer than the builds' own limit says, and lets them go
 * again after. The first is done at once and by half, the other step by step.
 */
export function startSlowDown(parts: SlowDownParts): { stop(): Promise<void> } {
  const stopped = new AbortController()
  const forever = async () => {
    while (!stopped.signal.aborted) {
      await wait(everyMs, undefined, { signal: stopped.signal }).catch(() => undefined)
      if (!stopped.signal.aborted) await adjustAll(parts)
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

async function adjustAll(parts: SlowDownParts): Promise<void> {
  const { store, catalog, pace, log } = parts
  const p99Ms = pace.p99Ms()
  if (p99Ms === undefined) return
  for (const { record } of catalog.listIndexes()) {
    try {
      for (const generation of await listGenerations(store, record)) {
        await adjust({ index: record.name, generation }, p99Ms, parts)
      }
    } catch (error) {
      if (!(error instanceof HypershardError)) throw error
      log.warn({ err: error, index: record.name }, 'a build could not be slowed down')
    }
  }
}

async function adjust(
  generation: { index: string; generation: number },
  p99Ms: number,
  { store, log }: SlowDownParts,
): Promise<void> {
  const state = await readGenerationState(store, generation)
  if (state.phase !== 'building' || state.searchP99MsMax === null) return
  const measured = (await readProgress(store, generation))?.documentsPerSecond ?? 0
  const rate = nextRate(state, p99Ms, measured)
  if (rate === state.slowedToDocumentsPerSecond) return
  await changeGenerationState(store, generation, () => ({ slowedToDocumentsPerSecond: rate }))
  log.info({ ...generation, p99Ms, documentsPerSecond: rate }, 'build slowed down for searches, or let go faster')
}

/**
 * @param measured documents a second that the build does now; 0 when nobody knows
 * @returns documents a second; null for as fast as it can
 */
export function nextRate(
  state: Pick<GenerationState, 'searchP99MsMax' | 'slowedToDocumentsPerSecond'>,
  p99Ms: number,
  measured: number,
): number | null {
  const { searchP99MsMax: limit, slowedToDocumentsPerSecond: slowed } = state
  if (limit === null) return null
  if (p99Ms > limit) {
    const now = Math.min(slowed ?? Number.POSITIVE_INFINITY, measured > 0 ? measured : rateUnknown)
    return Math.max(rateMin, now * slower)
  }
  if (slowed === null || p99Ms > limit * easyShare) return slowed
  const next = slowed * faster
  return next > rateMax ? null : next
}
