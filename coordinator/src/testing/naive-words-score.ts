import type { QueryWords } from '@hypershard/proto/shard'

/** BM25 of one document, by looking at each of its words. */
export function naiveWordsScore(own: readonly string[], { terms, averageLength }: QueryWords): number {
  return terms.reduce((sum, { term, weight }) => {
    const frequency = own.filter(word => word === term).length
    const norm = 1.2 * (0.25 + (0.75 * own.length) / averageLength)
    return frequency === 0 ? sum : sum + (weight * frequency) / (frequency + norm)
  }, 0)
}
