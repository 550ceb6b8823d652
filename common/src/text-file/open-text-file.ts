import { createReadStream } from 'node:fs'
import { HypershardError, messageOf } from '../errors/hypershard-error.ts'
import { reasonOfFile } from '../files/user-file-failure.ts'
import { type Compression, decompress } from './decompress.ts'

/** A text file from its beginning on. */
export interface TextFile {
  /** What is in it, unpacked and without a byte order mark; read once. Whether it is UTF-8 is for the reader to see. */
  readonly bytes: AsyncIterable<Buffer>
  /** How many bytes of the file, as it is stored, have been read. */
  readonly bytesRead: () => number
}

const chunkBytes = 1024 * 1024

/** As many as the longest mark at a beginning. */
const headBytes = 6

/** Files that are recognised by their first bytes, whatever they are called. */
const packed: readonly { readonly magic: string; readonly compression: Compression }[] = [
  { magic: '1f8b', compression: 'gzip' },
  { magic: '28b52ffd', compression: 'zstd' },
]

/** A zstd file may begin with a frame that is to be skipped: sixteen marks, of which only the first byte differs. */
const skippedFrame = /^5[0-9a-f]2a4d18/

/** What no reader of text can use, and what it is called. */
const unreadable: readonly { readonly magic: string; readonly name: string }[] = [
  { magic: '504b0304', name: 'a zip archive' },
  { magic: 'fd377a585a00', name: 'packed with xz' },
  { magic: '425a68', name: 'packed with bzip2' },
  { magic: '04224d18', name: 'packed with lz4' },
  { magic: '377abcaf271c', name: 'a 7z archive' },
  { magic: '50415231', name: 'a Parquet file' },
]

const extensions: readonly { readonly pattern: RegExp; readonly compression: Compression }[] = [
  { pattern: /\.gz$/i, compression: 'gzip' },
  { pattern: /\.zst$/i, compression: 'zstd' },
  { pattern: /\.br$/i, compression: 'brotli' },
]

/** What may stand behind a file's own extension. */
export const compressedExtensions: readonly string[] = ['.gz', '.zst', '.br']

/**
 * Opens a text file that may be packed with gzip or zstd, which its first bytes tell, or with brotli, which only its
 * name tells (`.br`). Reading throws `invalid_request` with the file's name for one that cannot be read, is cut off or
 * damaged, is UTF-16, or is no text at all.
 */
export function openTextFile(path: string): TextFile {
  return readTextFile(createReadStream(path, { highWaterMark: chunkBytes }), path)
}

/** The same of a stream, such as standard input. @param name for messages, and for what its extension says */
export function readTextFile(stream: AsyncIterable<Uint8Array>, name: string): TextFile {
  let bytesRead = 0
  async function* counted() {
    for await (const chunk of stream) {
      bytesRead += chunk.length
      yield chunk as Buffer
    }
  }
  return { bytes: told(textOf(counted(), name), name), bytesRead: () => bytesRead }
}

async function* textOf(stored: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const { head, all } = await readHead(stored)
  const compression = compressionOf(head, name)
  if (compression === undefined) {
    yield* plainText(head, all, name)
    return
  }
  const text = await readHead(decompress(all, compression))
  yield* plainText(text.head, text.all, name)
}

function compressionOf(head: Buffer, name: string): Compression | undefined {
  const hex = head.toString('hex')
  if (skippedFrame.test(hex)) return 'zstd'
  const known = packed.find(({ magic }) => hex.startsWith(magic))
  if (known !== undefined) return known.compression
  const called = extensions.find(({ pattern }) => pattern.test(name))?.compression
  if (called === 'brotli') return called
  // Without the rest of its mark it was cut off there; what has no mark at all was named wrongly and may be read.
  const mark = packed.find(({ compression }) => compression === called)?.magic
  return mark?.startsWith(hex) ? called : undefined
}

/** @throws HypershardError for what is no UTF-8 text from its first bytes on */
async function* plainText(head: Buffer, all: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const hex = head.toString('hex')
  const foreign = unreadable.find(({ magic }) => hex.startsWith(magic))
  if (foreign !== undefined) {
    throw unusable(name, `it is ${foreign.name}; unpack it, or pack the text inside with gzip or zstd`)
  }
  // Text of UTF-16 without a mark has a zero byte in its first character, unless that is beyond Latin.
  if (/^(fffe|feff|00)/.test(hex) || head[1] === 0) {
    throw unusable(name, 'it is UTF-16, not UTF-8; convert it, for example with `iconv -f UTF-16 -t UTF-8`')
  }
  let toSkip = hex.startsWith('efbbbf') ? 3 : 0
  for await (const chunk of all) {
    yield toSkip > 0 ? chunk.subarray(toSkip) : chunk
    toSkip = Math.max(0, toSkip - chunk.length)
  }
}

/** The first bytes of a stream, and the whole of it. */
async function readHead(bytes: AsyncIterable<Buffer>): Promise<{ head: Buffer; all: AsyncIterable<Buffer> }> {
  const source = bytes[Symbol.asyncIterator]()
  const first: Buffer[] = []
  let length = 0
  let ended = false
  while (length < headBytes && !ended) {
    const next = await source.next()
    if (next.done) ended = true
    else {
      first.push(next.value)
      length += next.value.length
    }
  }
  async function* all() {
    try {
      yield* first
      for (let next = ended ? undefined : await source.next(); next && !next.done; next = await source.next()) {
        yield next.value
      }
    } finally {
      await source.return?.()
    }
  }
  return { head: Buffer.concat(first).subarray(0, headBytes), all: all() }
}

/** Failures of the file system and of zlib in our own words. */
async function* told(bytes: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  try {
    yield* bytes
  } catch (error) {
    if (error instanceof HypershardError) throw error
    throw unusable(name, reasonOf(error), error)
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'Z_BUF_ERROR') return 'the compressed file is cut off; make or fetch it again'
  const damaged = code.startsWith('Z_') || code.startsWith('ZSTD_') || code.startsWith('ERR__ERROR')
  if (damaged) return `the compressed file is damaged (${messageOf(error)}); make or fetch it again`
  return reasonOfFile(error, 'read')
}

function unusable(name: string, reason: string, cause?: unknown): HypershardError {
  return new HypershardError('invalid_request', `cannot read ${name}: ${reason}`, { details: { file: name }, cause })
}
