import type { HybridOptions, LexicalSettings } from '@hypershard/contract'
import type { QueryWords } from '@hypershard/proto/shard'
import { analyzeText } from '@hypershard/storage'

/** What a search ranks by words with, and how it joins them with the q-net's scores. */
export interface HybridSearch extends Pick<HybridOptions, 'fusion'> {
  /** The weight of words where scores are added, 0 to 1. */
  readonly lexical: number
  /** The best of either kind that are joined: as many as a page has at least. */
  readonly candidates: number
}

/** A query's terms, each once, in its order. */
export interface QueryTerms {
  readonly terms: readonly string[]
  /** By term: how often the query has it. */
  readonly frequencies: readonly number[]
}

/** What documents have of a query's words. */
export interface WordStatistics {
  readonly documents: number
  /** Words of all of them. */
  readonly words: number
  /** By term: how many of them have it. */
  readonly documentCounts: readonly number[]
}

/** The words of a text as documents have them. */
export function termsOf(text: string, { analyzer }: LexicalSettings): QueryTerms {
  const counts = new Map<string, number>()
  for (const term of analyzeText(text, analyzer)) counts.set(term, (counts.get(term) ?? 0) + 1)
  return { terms: [...counts.keys()], frequencies: [...counts.values()] }
}

/**
 * What shards rank by: terms that any document has, each with its weight for BM25 (Robertson and Zaragoza, The
 * Probabilistic Relevance Framework, 2009, section 3). The inverse document frequency is that of Lucene, never negative.
 */
export function weighTerms(
  { terms, frequencies }: QueryTerms,
  { documents, words, documentCounts }: WordStatistics,
): QueryWords {
  const weighed = terms.map((term, at) => {
    const withTerm = documentCounts[at]!
    const rarity = Math.log(1 + (documents - withTerm + 0.5) / (withTerm + 0.5))
    return { term, weight: rarity * frequencies[at]! }
  })
  const averageLength = documents === 0 ? 1 : Math.max(1, words) / documents
  return { terms: weighed.filter((_, at) => documentCounts[at]! > 0), averageLength }
}
