import { HypershardError } from '../errors/hypershard-error.ts'
import type { Deadline } from './deadline.ts'

/**
 * The promise's result, unless the deadline passes or the caller goes away first. The work behind the promise goes on:
 * who owns it decides whether it is still wanted.
 * @param step what is being waited for, for the message
 * @throws HypershardError `deadline_exceeded` or `cancelled`
 * @example
 * ```ts
 * const segment = await waitWithin(loading, deadline, 'waiting until the segment is loaded')
 * ```
 */
export function waitWithin<T>(promise: Promise<T>, deadline: Deadline, step: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      clearTimeout(timer)
      deadline.signal.removeEventListener('abort', cancel)
      end()
    }
    const cancel = () => settle(() => reject(new HypershardError('cancelled', `the caller went away during: ${step}`)))
    const expire = () =>
      settle(() => reject(new HypershardError('deadline_exceeded', `no time left during: ${step}; allow more time`)))
    const timer = setTimeout(expire, deadline.remainingMs)
    deadline.signal.addEventListener('abort', cancel, { once: true })
    if (deadline.cancelled) cancel()
    promise.then(
      value => settle(() => resolve(value)),
      error => settle(() => reject(error)),
    )
  })
}
