import type { PutAnswer, PutProgress } from '@hypershard/contract'
import { NotReachable, parseProblem, ServerProblem } from './problem.ts'

/** The longest line of an answer: 1,000 reported lines with ids of 512 bytes and messages stay far below it. */
const answerLineCharactersMax = 16 * 1024 * 1024

/**
 * Reads the answer to `PUT …/documents?progress=true`: progress lines, then one result or problem.
 * @throws ServerProblem the problem that ended the work
 * @throws NotReachable when the answer breaks off
 */
export async function readPutAnswer(
  chunks: AsyncIterable<Uint8Array>,
  onProgress: (progress: PutProgress) => void,
): Promise<PutAnswer> {
  for await (const line of splitLines(chunks)) {
    const message = parseLine(line)
    if (message.progress !== undefined) onProgress(message.progress)
    if (message.result !== undefined) return message.result
    const problem = parseProblem(message.problem)
    if (problem !== undefined) throw new ServerProblem(problem)
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

/** The lines of a UTF-8 stream that are not empty, however it was cut into chunks. */
async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    yield* lines.filter(line => line.trim() !== '')
    if (rest.length > answerLineCharactersMax) {
      throw new NotReachable('unavailable', `the answer has a line of more than ${answerLineCharactersMax} characters`)
    }
  }
  rest += decoder.decode()
  if (rest.trim() !== '') yield rest
}
