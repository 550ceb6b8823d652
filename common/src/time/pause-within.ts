import { HypershardError } from '../errors/hypershard-error.ts'
import type { Deadline } from './deadline.ts'
import { waitWithin } from './wait-within.ts'

/** Resolves after `ms` milliseconds; rejects at once when the deadline has no room for the pause, or at cancellation. */
export async function pauseWithin(ms: number, deadline: Deadline, step: string): Promise<void> {
  if (deadline.remainingMs <= ms) {
    throw new HypershardError('deadline_exceeded', `no time left during: ${step}; allow more time`)
  }
  let timer: NodeJS.Timeout | undefined
  const pause = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms)
  })
  await waitWithin(pause, deadline, step).finally(() => clearTimeout(timer))
}
