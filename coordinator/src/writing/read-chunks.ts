import type { Readable } from 'node:stream'
import { type Deadline, HypershardError, waitWithin } from '@hypershard/common'

/**
 * The chunks of a stream, which is left as it is when reading stops early.
 * @param idleMsMax how long it may give nothing
 * @throws HypershardError `deadline_exceeded`, `cancelled`, also when the stream breaks off
 */
export async function* readChunks(stream: Readable, idleMsMax: number, deadline: Deadline): AsyncGenerator<Buffer> {
  const chunks = stream.iterator({ destroyOnReturn: false })
  for (;;) {
    const idle = deadline.within(idleMsMax)
    const next = await waitWithin(chunks.next(), idle, 'reading documents').catch(error => {
      throw error instanceof HypershardError ? error : brokenOff(error)
    })
    if (next.done === true) return
    yield next.value
  }
}

function brokenOff(cause: unknown): HypershardError {
  return new HypershardError('cancelled', 'the documents broke off before their end; send them again', { cause })
}
