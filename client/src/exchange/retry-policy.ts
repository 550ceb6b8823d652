import { NotReachable, ServerProblem } from '../errors.ts'
import { backoffMsFirst, backoffMsMax } from '../limits.ts'

/**
 * Whether a failed call is made again. A 429 means that nothing was begun, so that any call may be made again; of other
 * failures nobody knows what was done, so that only a call that may be done twice is.
 */
export function mayTryAgain(error: unknown, repeatable: boolean): boolean {
  if (error instanceof NotReachable) return repeatable && error.code === 'unavailable'
  if (!(error instanceof ServerProblem)) return false
  const { status, retryable, code } = error.problem
  if (status === 429) return true
  // Its time is used up: what is left of the caller's is too short for the same.
  return repeatable && retryable && code !== 'deadline_exceeded'
}

/** @param attempt that failed; the first is 1 */
export function waitMsBefore(error: unknown, attempt: number, chance: () => number): number {
  const backoffMs = Math.min(backoffMsMax, backoffMsFirst * 2 ** (attempt - 1))
  const jitteredMs = backoffMs * (0.5 + chance() / 2)
  const askedMs = error instanceof ServerProblem ? (error.retryAfterMs ?? 0) : 0
  // Whoever was told the same time does not come back at the same time.
  return askedMs === 0 ? jitteredMs : askedMs + jitteredMs
}

/** `Retry-After` in seconds, or more exactly what the problem's details say. */
export function retryAfterMsOf(details: Readonly<Record<string, unknown>>, header: string | undefined) {
  if (typeof details.retry_after_ms === 'number') return details.retry_after_ms
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined
}
