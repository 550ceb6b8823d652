import { InvalidCall, NotReachable, ServerProblem } from '@hypershard/client'
import { HypershardError } from '@hypershard/common'

/** What the process exits with. Scripts rely on these numbers. */
export const exitCodes = Object.freeze({ ok: 0, failure: 1, usage: 2, notReachable: 3, partial: 4 })

export const exitCodesHelp = `Exit codes:
  0  done
  1  the server or the cluster failed, or refused; doctor: it found a problem
  2  the command line is wrong, or the server found the request invalid
  3  no answer from --url
  4  documents put: some documents could not be written, the others are
     search --queries: some searches failed
     eval, recall: some queries could not be asked; for eval they count as 0,
     as do all that failed with --allow-failures`

export function exitCodeOf(error: unknown): number {
  if (error instanceof NotReachable) return exitCodes.notReachable
  if (error instanceof ServerProblem) return error.problem.status === 400 ? exitCodes.usage : exitCodes.failure
  if (error instanceof InvalidCall) return exitCodes.usage
  if (error instanceof HypershardError && error.code === 'invalid_request') return exitCodes.usage
  return exitCodes.failure
}
