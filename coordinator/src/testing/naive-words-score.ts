import { compareRank } from '@hypershard/common'
import type { FetchedDocument, QueryWords, SearchShardsRequest, ShardHit } from '@hypershard/proto/shard'
import { analyzeText, type Manifest } from '@hypershard/storage'

/** BM25 of one document, by looking at each of its words. */
export function naiveWordsScore(own: readonly string[], { terms, averageLength }: QueryWords): number {
  return terms.reduce((sum, { term, weight }) => {
    const frequency = own.filter(word => word === term).length
    const norm = 1.2 * (0.25 + (0.75 * own.length) / averageLength)
    return frequency === 0 ? sum : sum + (weight * frequency) / (frequency + norm)
  }, 0)
}

/** Both scores of every document, and the best by words. */
export async function rankByWordsNaively(
  { words, limit }: SearchShardsRequest,
  ranked: readonly ShardHit[],
  wordsOf: (id: string) => Promise<readonly string[]>,
): Promise<{ readonly ranked: ShardHit[]; readonly wordHits: { hits: ShardHit[] } }> {
  const scored = await Promise.all(
    ranked.map(async hit => ({ ...hit, wordsScore: naiveWordsScore(await wordsOf(hit.id), words!) })),
  )
  const byWords = scored
    .filter(({ wordsScore }) => wordsScore > 0)
    .sort((a, b) => compareRank({ id: a.id, score: a.wordsScore }, { id: b.id, score: b.wordsScore }))
  return { ranked: scored, wordHits: { hits: byWords.slice(0, limit) } }
}

export function wordsOfDocument(
  { title, text }: FetchedDocument,
  { analyzer }: NonNullable<Manifest['lexical']>,
): string[] {
  return [...analyzeText(title, analyzer), ...analyzeText(text, analyzer)]
}

/** @param all the words of each document */
export function countWordsNaively(all: readonly (readonly string[])[], terms: readonly string[]) {
  const documentCounts = terms.map(term => all.filter(own => own.includes(term)).length)
  return { documents: all.length, words: all.reduce((sum, own) => sum + own.length, 0), documentCounts }
}
