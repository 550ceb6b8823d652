import { NotReachable } from '../errors.ts'
import { answerLineCharactersMax } from '../limits.ts'

/** The lines of a UTF-8 stream, however it was cut into chunks; the last one whether it ends or not. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
    if (rest.length > answerLineCharactersMax) {
      throw new NotReachable('unavailable', `the answer has a line of more than ${answerLineCharactersMax} characters`)
    }
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}

/** The whole of a UTF-8 stream. */
export async function readText(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true })
  return text + decoder.decode()
}
