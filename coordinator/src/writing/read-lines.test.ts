import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { Deadline, type HypershardError } from '@hypershard/common'
import fc from 'fast-check'
import { readLines } from './read-lines.ts'

const bounds = { lineBytesMax: 12, idleMsMax: 1_000 }

async function linesOf(chunks: readonly Uint8Array[], deadline = Deadline.after(60_000)) {
  const lines: { line: number; text: string | undefined }[] = []
  for await (const { line, bytes } of readLines(Readable.from(chunks), bounds, deadline)) {
    lines.push({ line, text: bytes?.toString() })
  }
  return lines
}

/** Splits the whole text at once. */
function naiveLines(text: string) {
  const parts = text.split('\n')
  if (parts.at(-1) === '') parts.pop()
  return parts.map((part, at) => ({
    line: at + 1,
    text: Buffer.byteLength(part) > bounds.lineBytesMax ? undefined : part,
  }))
}

describe('readLines', () => {
  it('finds the same lines however the stream is cut', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'é', '\n', '\r', '\u{1f600}'), maxLength: 80 })
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (whole, cuts) => {
        const chunks: Buffer[] = []
        let rest = Buffer.from(whole)
        for (let at = 0; rest.length > 0; at++) {
          const cut = cuts[at % cuts.length]!
          chunks.push(rest.subarray(0, cut))
          rest = rest.subarray(cut)
        }
        assert.deepEqual(await linesOf(chunks), naiveLines(whole))
      }),
    )
  })

  it('gives up on a sender that hangs', async () => {
    const stream = new Readable({ read: () => undefined })
    stream.push('a\n')
    const reading = async () => {
      for await (const _ of readLines(stream, { ...bounds, idleMsMax: 10 }, Deadline.after(5_000)));
    }
    await assert.rejects(reading, (error: HypershardError) => error.code === 'deadline_exceeded')
    assert.equal(stream.destroyed, false)
  })

  it('says that a stream that breaks off was cancelled', async () => {
    const stream = new Readable({ read: () => undefined })
    const reading = async () => {
      for await (const _ of readLines(stream, bounds, Deadline.after(5_000)));
    }
    setImmediate(() => stream.destroy(new Error('aborted')))
    await assert.rejects(reading, (error: HypershardError) => error.code === 'cancelled')
  })
})
