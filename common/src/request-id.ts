import { randomUUID } from 'node:crypto'

/** What a request is called in answers, log lines and calls of other processes: visible ASCII without quotes, or a UUID. */
const pattern = /^[A-Za-z0-9._:/+=@~-]{1,128}$/

/** The id that a caller gave its request, if it can be used as one; else a new one. */
export function requestIdOf(given: unknown): string {
  return isRequestId(given) ? given : randomUUID()
}

export function isRequestId(given: unknown): given is string {
  return typeof given === 'string' && pattern.test(given)
}
