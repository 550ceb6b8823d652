import { HypershardError } from '@hypershard/common'
import { documentBytesMax } from '@hypershard/contract'
import type { VectorFile } from '../vectors/vector-file.ts'

/** Lines are sent on in pieces of about this size. */
const pieceBytes = 256 * 1024

const openBrace = 0x7b
const closeBrace = 0x7d
const newline = 0x0a
const space = 0x20

/**
 * Gives each line of NDJSON that is not blank the next row of a file as its `vector`. One line, one row and one piece are in
 * memory. What is wrong with a line or a vector is told by whoever checks it, as of any line: a line that is no object takes
 * its row and goes on as it is.
 * @param modelDigest of the model that made the vectors; undefined for an index that takes any
 * @throws HypershardError `invalid_request` at the end where there are not as many lines as rows, `request_too_large` for a
 *   line that no document may be as long as
 */
export async function* joinVectors(
  body: AsyncIterable<Uint8Array>,
  vectors: VectorFile,
  modelDigest?: string,
): AsyncGenerator<Uint8Array> {
  const rows = vectors.readRows()
  const marks = { ...(modelDigest !== undefined && { model: modelDigest }), precision: vectors.precision }
  const before = Buffer.from(`"vector":${JSON.stringify(marks).slice(0, -1)},"values":"`)
  const after = Buffer.from('"}}\n')
  let piece: Buffer[] = []
  let bytes = 0
  let documents = 0
  try {
    for await (const { line, number } of linesOf(body)) {
      const isBlank = line.every(byte => byte <= space)
      if (!isBlank) documents++
      const row = isBlank ? undefined : await nextRow(rows, vectors, { documents, line: number })
      piece.push(row === undefined ? lineEnded(line) : join(line, { before, after, row }))
      bytes += piece.at(-1)!.length
      if (bytes < pieceBytes) continue
      yield Buffer.concat(piece)
      piece = []
      bytes = 0
    }
    if (documents < vectors.rows) throw mismatch(vectors, documents, `there are ${documents} documents`)
    if (piece.length > 0) yield Buffer.concat(piece)
  } finally {
    await rows.return(undefined)
  }
}

interface Joined {
  readonly before: Buffer
  readonly after: Buffer
  readonly row: Buffer
}

/** The row's base64 as the last member of the line's object; as it was where the line does not end as one. */
function join(line: Buffer, { before, after, row }: Joined): Buffer {
  const end = lastVisible(line, line.length)
  if (line[end] !== closeBrace) return lineEnded(line)
  const isEmpty = line[lastVisible(line, end)] === openBrace
  const comma = Buffer.from(isEmpty ? '' : ',')
  return Buffer.concat([line.subarray(0, end), comma, before, Buffer.from(row.toString('base64'), 'latin1'), after])
}

function lineEnded(line: Buffer): Buffer {
  return Buffer.concat([line, Buffer.from('\n')])
}

/** The place of the last byte before `end` that is not space; -1 where there is none. */
function lastVisible(line: Buffer, end: number): number {
  let at = end - 1
  while (at >= 0 && line[at]! <= space) at--
  return at
}

async function nextRow(
  rows: AsyncGenerator<Buffer>,
  vectors: VectorFile,
  { documents, line }: { readonly documents: number; readonly line: number },
): Promise<Buffer> {
  const next = await rows.next()
  if (next.done !== true) return next.value
  throw mismatch(vectors, documents, `line ${line} is document ${documents}`)
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<{ line: Buffer; number: number }> {
  let parts: Buffer[] = []
  let pending = 0
  let number = 1
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    let start = 0
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      const own = bytes.subarray(start, end)
      yield { line: parts.length === 0 ? own : Buffer.concat([...parts, own]), number: number++ }
      parts = []
      pending = 0
      start = end + 1
    }
    parts.push(bytes.subarray(start))
    pending += bytes.length - start
    if (pending > documentBytesMax) throw tooLong(number)
  }
  if (pending > 0) yield { line: Buffer.concat(parts), number }
}

function mismatch({ path, rows }: VectorFile, documents: number, what: string): HypershardError {
  const message = `${path} has ${rows} vectors, and ${what}; each document takes the next row, and nothing was written`
  return new HypershardError('invalid_request', message, { details: { file: path, rows, documents } })
}

function tooLong(line: number): HypershardError {
  const message = `line ${line}: longer than ${documentBytesMax} bytes; nothing was written`
  return new HypershardError('request_too_large', message, { details: { line } })
}
