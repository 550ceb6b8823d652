import type { GenerationDescription } from '@hypershard/contract'

/** How fast a build goes, and how long it will take. */
export interface Pace {
  readonly documentsPerSecond: number
  /** Null while nobody knows. */
  readonly secondsLeft: number | null
}

/** Events that the rate is taken over while it is 0: nothing is encoded while a large portion is written. */
const pacedEvents = 15

/** @param rates documents a second as the events of the build told them, oldest first; none where it is not watched */
export function paceOf({ progress }: GenerationDescription, rates: readonly number[]): Pace {
  const { documents_per_second: now, seconds_left: told, backfill_total: total, backfill_done: done, lag } = progress
  const lately = rates.slice(-pacedEvents)
  const rate = now > 0 || lately.length === 0 ? now : lately.reduce((sum, one) => sum + one, 0) / lately.length
  if (progress.caught_up) return { documentsPerSecond: now, secondsLeft: 0 }
  if (told !== null && (lately.length === 0 || now > 0)) return { documentsPerSecond: rate, secondsLeft: told }
  const left = (total ?? 0) - (done ?? 0) + lag
  return { documentsPerSecond: rate, secondsLeft: rate > 0 ? left / rate : null }
}
