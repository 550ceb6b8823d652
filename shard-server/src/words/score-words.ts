/**
 * BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009, section 3) with the inverse document
 * frequency of Lucene, which is never negative. Statistics are those of a whole generation, and a document's sum is made
 * in the order of the query's terms: a document has the same bits whatever segment and shard it lies in.
 */
import { type Bitmap, hasBit, type LexicalIndex } from '@hypershard/storage/rows'

/** How soon a term that comes again counts no more, and how far long documents are held back. */
export const bm25Saturation = 1.2
export const bm25LengthShare = 0.75

/** What a generation's eligible documents have of a query's words. */
export interface WordStatistics {
  readonly documents: number
  /** Words of all of them. */
  readonly words: number
  /** By term of the query: how many of them have it. */
  readonly documentCounts: readonly number[]
}

/** A query's terms, each once, in the order of the query. */
export interface WeightedTerm {
  readonly term: string
  /** Its inverse document frequency, times how often the query has it. */
  readonly weight: number
}

export function inverseDocumentFrequency(documents: number, withTerm: number): number {
  return Math.log(1 + (documents - withTerm + 0.5) / (withTerm + 0.5))
}

/** What a segment adds to the statistics: its rows that are not excluded. */
export function countWords(
  index: LexicalIndex,
  terms: readonly string[],
  excluded: Bitmap | undefined,
): WordStatistics {
  let documents = 0
  let words = 0
  for (const [row, length] of index.lengths.entries()) {
    if (excluded !== undefined && hasBit(excluded, row)) continue
    documents++
    words += length
  }
  return { documents, words, documentCounts: terms.map(term => countDocuments(index, term, excluded)) }
}

function countDocuments(index: LexicalIndex, term: string, excluded: Bitmap | undefined): number {
  const postings = index.postingsOf(term)
  if (postings === undefined || excluded === undefined) return postings?.documents ?? 0
  let count = 0
  for (let row = postings.nextRow(); row !== -1; row = postings.nextRow()) if (!hasBit(excluded, row)) count++
  return count
}

/**
 * The scores of a segment's rows, deleted ones too; 0 where a row has none of the terms.
 * @param averageLength words a document, of the generation
 */
export function scoreWords(
  index: LexicalIndex,
  terms: readonly WeightedTerm[],
  averageLength: number,
): Float64Array<ArrayBuffer> {
  const scores = new Float64Array(index.documents)
  const { lengths } = index
  const perWord = (bm25Saturation * bm25LengthShare) / averageLength
  const fixed = bm25Saturation * (1 - bm25LengthShare)
  for (const { term, weight } of terms) {
    const postings = index.postingsOf(term)
    if (postings === undefined) continue
    for (let row = postings.nextRow(); row !== -1; row = postings.nextRow()) {
      const { frequency } = postings
      scores[row] = scores[row]! + (weight * frequency) / (frequency + fixed + perWord * lengths[row]!)
    }
  }
  return scores
}
