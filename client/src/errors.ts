import type { Problem } from '@hypershard/contract'

/** What the client throws: `ServerProblem`, `NotReachable` or `InvalidCall`. */
export abstract class ClientError extends Error {
  /** Of docs/errors.md. */
  abstract readonly code: string
}

/** What the coordinator answered instead of a result. The problem is kept word for word. */
export class ServerProblem extends ClientError {
  override readonly name = 'ServerProblem'
  readonly problem: Problem
  /** How long it asks to wait before the next attempt. */
  readonly retryAfterMs: number | undefined

  constructor(problem: Problem, retryAfterMs?: number) {
    super(problem.detail)
    this.problem = problem
    this.retryAfterMs = retryAfterMs
  }

  get code(): string {
    return this.problem.code
  }
}

/** No answer came from the URL: nobody listens, the connection broke, or the time ran out. */
export class NotReachable extends ClientError {
  override readonly name = 'NotReachable'
  readonly code: 'unavailable' | 'deadline_exceeded'

  constructor(code: 'unavailable' | 'deadline_exceeded', message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/** The caller gave the client something that it cannot use. */
export class InvalidCall extends ClientError {
  override readonly name = 'InvalidCall'
  readonly code = 'invalid_request'
}

/** A key that may write need not be one that may look at the index. @throws every other error */
export function unlessForbidden(error: unknown): void {
  if (!(error instanceof ServerProblem) || error.code !== 'forbidden') throw error
}

/** Answers without a word on whether the same may succeed later, such as those of a proxy. */
const retryableStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504, 507])

/** The problem in a parsed error answer; undefined when the body is not one of ours. */
export function parseProblem(body: unknown): Problem | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { code, detail, status = 500 } = body as Partial<Problem>
  if (typeof code !== 'string' || typeof detail !== 'string' || typeof status !== 'number') return undefined
  const type = `https://hypershard.dev/errors/${code}`
  return { type, title: code, retryable: retryableStatuses.has(status), details: {}, ...body, code, detail, status }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
