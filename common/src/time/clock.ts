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
  pause,
}) satisfies Clock

/** Pauses as the clock does it. */
export function pauseBy(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return clock.pause === undefined ? systemClock.pause(ms, signal) : clock.pause(ms, signal)
}

/** As that of node:timers/promises, which makes an error with its stack of every pause that is ended early. */
function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const cancel = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', cancel)
      resolve()
    }, ms)
    signal?.addEventListener('abort', cancel, { once: true })
  })
}
