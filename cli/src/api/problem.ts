import { type ErrorCode, HypershardError, isErrorCode, toHypershardError } from '@hypershard/common'
import type { Problem } from '@hypershard/contract'

/** What the coordinator answered instead of a result. The problem is kept word for word. */
export class ServerProblem extends Error {
  override readonly name = 'ServerProblem'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

/** No answer came from the URL: nobody listens, the connection broke, or the time ran out. */
export class NotReachable extends HypershardError {
  constructor(code: Extract<ErrorCode, 'unavailable' | 'deadline_exceeded'>, message: string, cause?: unknown) {
    super(code, message, { cause })
  }
}

/** Any failure as a problem: the coordinator's own, or one made here from the catalogue. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ServerProblem) return error.problem
  const failure = toHypershardError(error)
  return {
    type: `https://hypershard.dev/errors/${failure.code}`,
    title: failure.row.title,
    status: failure.row.http,
    code: failure.code,
    // A defect of this program has no server log to look into: its own message is all there is.
    detail: error instanceof Error ? error.message : failure.message,
    retryable: failure.row.retryable,
    details: failure.details,
  }
}

/** The problem in a parsed error answer; undefined when the body is not one of ours. */
export function parseProblem(body: unknown): Problem | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { code, detail } = body as Partial<Problem>
  if (typeof code !== 'string' || typeof detail !== 'string') return undefined
  const known = problemOf(new HypershardError(isErrorCode(code) ? code : 'internal', detail))
  return { ...known, ...body, code, detail }
}
