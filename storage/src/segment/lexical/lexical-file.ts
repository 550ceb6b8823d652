/** `lexical.safetensors`: which rows have which words, how often and where. docs/formats/segment.md. */
import type { ObjectStore } from '../../store/object-store.ts'
import { decodeFile, readSealedFile, type SealedFile } from '../verified-file.ts'
import { LexicalIndex } from './lexical-index.ts'

/**
 * The file's bytes in memory that threads can share, checked.
 * @throws HypershardError `corrupt_data`
 */
export async function readLexicalFile(
  store: ObjectStore,
  file: SealedFile,
  documents: number,
): Promise<Uint8Array<SharedArrayBuffer>> {
  const bytes = new Uint8Array(new SharedArrayBuffer(file.seal.bytes))
  let filled = 0
  for await (const chunk of readSealedFile(store, file)) {
    bytes.set(chunk, filled)
    filled += chunk.length
  }
  decodeFile(file, () => new LexicalIndex(bytes, documents))
  return bytes
}
