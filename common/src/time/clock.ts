import { setTimeout as wait } from 'node:timers/promises'

/** Time, injected so that flows can be tested without waiting. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds from a fixed point, never going back; with fractions. */
  monotonicMs(): number
  /** Resolves after so many milliseconds, rejects when the signal fires first. Real time where a clock has none. */
  pause?(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock = Object.freeze({
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  pause: (ms: number, signal?: AbortSignal) => wait(ms, undefined, { ...(signal && { signal }) }),
}) satisfies Clock

/** Pauses as the clock does it. */
export function pauseBy(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return clock.pause === undefined ? systemClock.pause(ms, signal) : clock.pause(ms, signal)
}
