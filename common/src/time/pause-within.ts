import { HypershardError } from '../errors/hypershard-error.ts'
import { pauseBy } from './clock.ts'
import type { Deadline } from './deadline.ts'
import { waitWithin } from './wait-within.ts'

/** Resolves after `ms` milliseconds; rejects at once when the deadline has no room for the pause, or at cancellation. */
export async function pauseWithin(ms: number, deadline: Deadline, step: string): Promise<void> {
  if (deadline.remainingMs <= ms) {
    throw new HypershardError('deadline_exceeded', `no time left during: ${step}; allow more time`)
  }
  const over = new AbortController()
  const pause = pauseBy(deadline.clock, ms, over.signal)
  // Whoever waits has its answer from the deadline by then.
  pause.catch(() => undefined)
  await waitWithin(pause, deadline, step).finally(() => over.abort())
}
