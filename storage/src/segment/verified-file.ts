import { createHash } from 'node:crypto'
import type { HypershardError } from '@hypershard/common'
import { corruptData, decodeStored } from '../corrupt-data.ts'
import { type SegmentReference, segmentFolder } from '../layout.ts'
import type { ObjectStore, RangeReader } from '../store/object-store.ts'
import { type FileSeal, type SegmentFileName, segmentTitle } from './segment-record.ts'

/** Read and hashed at once: about a millisecond of hashing. A multiple of every element's size. */
export const chunkBytes = 1024 * 1024

/** One of a segment's files, and what `segment.json` says of it. */
export interface SealedFile {
  readonly segment: SegmentReference
  readonly name: SegmentFileName
  readonly seal: FileSeal
}

/**
 * Opens a file whose length is right.
 * @throws HypershardError `corrupt_data` when it is missing, too short or too long
 */
export async function openSealedFile(store: ObjectStore, file: SealedFile): Promise<RangeReader> {
  const range = await store.openRange(segmentFolder(file.segment) + file.name)
  if (range === undefined) throw corruptFile(file, 'is missing')
  const excess = range.bytes - file.seal.bytes
  if (excess === 0) return range
  await range.close()
  const difference = Math.abs(excess).toLocaleString('en-US')
  throw corruptFile(
    file,
    `is ${difference} ${difference === '1' ? 'byte' : 'bytes'} ${excess < 0 ? 'short' : 'too long'}`,
  )
}

/**
 * Streams a file in chunks and checks it: what was read may be used only once the stream has ended.
 * @throws HypershardError `corrupt_data` at the end when the SHA-256 is another, and as openSealedFile
 */
export async function* readSealedFile(store: ObjectStore, file: SealedFile): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const range = await openSealedFile(store, file)
  try {
    const digest = createHash('sha256')
    for (let offset = 0; offset < range.bytes; offset += chunkBytes) {
      const chunk = await range.read(offset, Math.min(chunkBytes, range.bytes - offset))
      digest.update(chunk)
      yield chunk
    }
    if (digest.digest('hex') !== file.seal.sha256) {
      throw corruptFile(file, 'is altered (its SHA-256 is not the one in segment.json)')
    }
  } finally {
    await range.close()
  }
}

/**
 * A file in memory, checked.
 * @throws HypershardError `corrupt_data`
 */
export async function readWholeFile(store: ObjectStore, file: SealedFile): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(file.seal.bytes)
  let filled = 0
  for await (const chunk of readSealedFile(store, file)) {
    bytes.set(chunk, filled)
    filled += chunk.length
  }
  return bytes
}

/** Decodes what was read of a file; whatever the decoder throws is `corrupt_data` of that file. */
export function decodeFile<Result>({ segment, name }: SealedFile, decode: () => Result): Result {
  return decodeStored(segmentTitle(segment), name, { ...segment }, decode)
}

export function corruptFile(file: SealedFile, problem: string): HypershardError {
  const details = { ...file.segment, file: file.name }
  return corruptData(segmentTitle(file.segment), `${file.name} ${problem}`, details)
}
