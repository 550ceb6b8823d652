import { HitCounts } from '@hypershard/common'
import { LRUCache } from 'lru-cache'
import type { Utf8Column } from './formats/utf8-column.ts'

/** What a kept batch costs beside its bytes: views of its columns, its key. An estimate on the high side. */
const overheadBytes = 2_048

interface TextBatch {
  readonly columns: readonly Utf8Column[]
  /** Of the message that the columns are views of. */
  readonly bytes: number
}

/**
 * Decoded record batches of documents' files, those asked for last: texts that many queries find are read once. Files
 * never change and are named by their content, so a batch never goes stale.
 * @example
 * ```ts
 * const documents = await reader.openDocuments(new TextBatchCache(64 * 1024 * 1024))
 * ```
 */
export class TextBatchCache {
  readonly counts = new HitCounts()
  readonly bytesMax: number
  readonly #batches: LRUCache<string, TextBatch>

  /** @param bytesMax of all that is kept; 0 keeps nothing */
  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
    // Nothing fits into one byte, which stands for no cache.
    const sizeCalculation = ({ bytes }: TextBatch) => bytes + overheadBytes
    this.#batches = new LRUCache({ maxSize: Math.max(1, bytesMax), sizeCalculation })
  }

  get bytes(): number {
    return this.#batches.calculatedSize
  }

  /** @param file names its content */
  get(file: string, batch: number): readonly Utf8Column[] | undefined {
    return this.counts.note(this.#batches.get(`${file}/${batch}`))?.columns
  }

  keep(file: string, batch: number, kept: TextBatch): void {
    this.#batches.set(`${file}/${batch}`, kept)
  }
}
