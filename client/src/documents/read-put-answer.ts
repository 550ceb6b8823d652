import type { PutAnswer, PutProgress } from '@hypershard/contract'
import { NotReachable, parseProblem, ServerProblem } from '../errors.ts'
import { readLines } from '../exchange/read-lines.ts'
import { retryAfterMsOf } from '../exchange/retry-policy.ts'

/**
 * Reads the answer to `PUT …/documents?progress=true`: progress lines, then one result or problem.
 * @throws ServerProblem the problem that ended the work
 * @throws NotReachable when the answer breaks off
 */
export async function readPutAnswer(
  chunks: AsyncIterable<Uint8Array>,
  onProgress: (progress: PutProgress) => void,
): Promise<PutAnswer> {
  for await (const line of readLines(chunks)) {
    if (line.trim() === '') continue
    const message = parseLine(line)
    if (message.progress !== undefined) onProgress(message.progress)
    if (message.result !== undefined) return message.result
    const problem = parseProblem(message.problem)
    if (problem !== undefined) throw new ServerProblem(problem, retryAfterMsOf(problem.details, undefined))
  }
  throw new NotReachable(
    'unavailable',
    'the answer broke off before the result; the documents may or may not be written, put them again',
  )
}

interface PutMessage {
  readonly progress?: PutProgress
  readonly result?: PutAnswer
  readonly problem?: unknown
}

function parseLine(line: string): PutMessage {
  try {
    return JSON.parse(line) as PutMessage
  } catch (cause) {
    throw new NotReachable('unavailable', `the answer has a line that is not JSON: ${line.slice(0, 80)}`, cause)
  }
}
