import type { TextSource } from '@hypershard/evaluation/browser'
import { textBytesMax } from './limits.ts'

/** A text that cannot be read as one; the message says why and what to do. */
export class UnreadableText extends Error {
  override readonly name = 'UnreadableText'
}

const byteOrderMark = [0xef, 0xbb, 0xbf]
const gzipMark = [0x1f, 0x8b]

/** What a page cannot unpack or read, by its first bytes. */
const foreign: readonly { readonly mark: readonly number[]; readonly name: string }[] = [
  { mark: [0x28, 0xb5, 0x2f, 0xfd], name: 'packed with zstd' },
  { mark: [0x50, 0x4b, 0x03, 0x04], name: 'a zip archive' },
  { mark: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], name: 'packed with xz' },
  { mark: [0x42, 0x5a, 0x68], name: 'packed with bzip2' },
]

/** What was typed or pasted. */
export function pastedText(text: string, path: string): TextSource {
  return { path, bytes: bounded(once(new TextEncoder().encode(text)), path) }
}

/** A file that was chosen or dropped, plain or packed with gzip; without its byte order mark. */
export function chosenFile(file: File): TextSource {
  return { path: file.name, bytes: bounded(readFile(file), file.name) }
}

async function* readFile(file: File): AsyncGenerator<Uint8Array> {
  const head = new Uint8Array(await file.slice(0, 6).arrayBuffer())
  const known = foreign.find(({ mark }) => beginsWith(head, mark))
  if (known !== undefined) {
    throw new UnreadableText(`${file.name} is ${known.name}; give the text itself, or one that is packed with gzip`)
  }
  if (!beginsWith(head, gzipMark)) {
    yield* withoutMark(chunksOf(file.stream()))
    return
  }
  try {
    yield* withoutMark(chunksOf(file.stream().pipeThrough(new DecompressionStream('gzip'))))
  } catch (error) {
    if (error instanceof UnreadableText) throw error
    throw new UnreadableText(`${file.name} is cut off or damaged: it cannot be unpacked`, { cause: error })
  }
}

/** Not every browser iterates over a stream. */
async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    await reader.cancel()
  }
}

async function* withoutMark(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let first = true
  for await (const chunk of chunks) {
    yield first && beginsWith(chunk, byteOrderMark) ? chunk.subarray(byteOrderMark.length) : chunk
    first = false
  }
}

async function* bounded(chunks: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    if (bytes > textBytesMax) {
      const mib = textBytesMax / 1024 / 1024
      throw new UnreadableText(`${path} has more than ${mib} MiB; \`hypershard eval\` takes files of any size`)
    }
    yield chunk
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function beginsWith(bytes: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, at) => bytes[at] === byte)
}
