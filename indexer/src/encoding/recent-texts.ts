import { createHash } from 'node:crypto'
import type { Manifest, Passage, StoredDocument, TextRead } from '@hypershard/storage'
import { LRUCache } from 'lru-cache'
import type { EncodedBatch } from './encoded-batch.ts'

/** About 8,000 documents of one vector of width 384. */
const bytesMaxDefault = 16 * 1024 * 1024
/** Beside the vectors, of a document and of each passage. Estimates on the high side. */
const documentBytes = 400
const passageBytes = 80

interface EncodedText {
  /** One a passage. */
  readonly vectors: Float32Array
  readonly passages: readonly Passage[] | undefined
  readonly read: TextRead | undefined
}

/** Of which index a text is, what it was encoded by, and how it was cut. */
type How = Pick<Manifest, 'indexUid' | 'modelDigest' | 'vectorWidth' | 'passages'>

/**
 * What came of the texts that were encoded last. A document that is written again with the same title and text, as by a patch
 * that comes while its put is encoded, gets the same vectors: those of a text do not depend on the texts beside it (decision 004).
 */
export class RecentTexts {
  readonly #kept: LRUCache<string, EncodedText>

  constructor(bytesMax = bytesMaxDefault) {
    this.#kept = new LRUCache({ maxSize: bytesMax, sizeCalculation: bytesOf })
  }

  keep({ documents, vectors }: EncodedBatch<StoredDocument>, how: How): void {
    let row = 0
    for (const document of documents) {
      const passages = how.passages && document.passages
      const begin = row * how.vectorWidth
      row += passages?.length ?? 1
      const own = vectors.slice(begin, row * how.vectorWidth)
      this.#kept.set(keyOf(document, how), { vectors: own, passages, read: document.read })
    }
  }

  /** The documents whose texts are known, as if they had just been encoded; undefined where none is. */
  find(documents: readonly StoredDocument[], how: How): EncodedBatch<StoredDocument> | undefined {
    const found = documents.flatMap(document => {
      const known = this.#kept.get(keyOf(document, how))
      return known === undefined ? [] : { document, known }
    })
    if (found.length === 0) return undefined
    const vectors = new Float32Array(found.reduce((sum, { known }) => sum + known.vectors.length, 0))
    let at = 0
    for (const { known } of found) {
      vectors.set(known.vectors, at)
      at += known.vectors.length
    }
    return {
      documents: found.map(({ document, known: { passages, read } }) => ({
        ...document,
        read,
        ...(passages && { passages }),
      })),
      vectors,
      vectorWidth: how.vectorWidth,
      truncated: found.filter(({ known }) => known.read?.cutOff).length,
      read: found.map(({ known }) => known.read),
      failures: [],
    }
  }
}

/** With the document, so that how soon a write is searchable tells nobody of the texts of others. */
function keyOf({ id, title, text }: StoredDocument, { indexUid, modelDigest, passages }: How): string {
  const content = JSON.stringify([indexUid, modelDigest, passages ?? null, id, title, text])
  return createHash('sha256').update(content).digest('base64')
}

function bytesOf({ vectors, passages = [] }: EncodedText): number {
  return documentBytes + vectors.byteLength + passages.length * passageBytes
}
