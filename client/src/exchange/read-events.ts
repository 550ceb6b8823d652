import { NotReachable } from '../errors.ts'
import { readLines } from './read-lines.ts'

/** The JSON of each server-sent event of a stream. */
export async function* readEvents<Event>(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Event> {
  let data: string[] = []
  for await (const line of readLines(chunks)) {
    if (line.startsWith('data:')) data.push(line.slice('data:'.length).trimStart())
    if (line.trimEnd() !== '' || data.length === 0) continue
    yield parseEvent(data.join('\n')) as Event
    data = []
  }
}

function parseEvent(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new NotReachable('unavailable', `the answer has an event that is not JSON: ${text.slice(0, 80)}`, cause)
  }
}
