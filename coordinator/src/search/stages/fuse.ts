/**
 * Joins the best documents by the q-net with the best by words. Both scores of each are known exactly, whichever list it
 * is of, and both lists are those of all shards, so that the order does not depend on how documents lie in shards.
 */
import { compareRank } from '@hypershard/common'
import type { HybridSearch } from '../../words/query-words.ts'
import { mergeTopHits } from '../merge-top-hits.ts'
import type { FoundHit, ShardAnswer } from '../shard-answer.ts'

/** Cormack, Clarke and Büttcher, Reciprocal Rank Fusion, SIGIR 2009: how little the first ranks differ. */
const reciprocalRankShift = 60

/** All that either list has, best first. */
export function fuse(answers: Iterable<Pick<ShardAnswer, 'hits' | 'wordHits'>>, hybrid: HybridSearch): FoundHit[] {
  const all = [...answers]
  const byQNet = mergeTopHits(
    all.map(({ hits }) => hits),
    hybrid.candidates,
  )
  const rankedByWords = mergeTopHits(
    all.map(({ wordHits }) => wordHits.map(hit => ({ id: hit.id, score: hit.wordsScore ?? 0, hit }))),
    hybrid.candidates,
  )
  const byWords = rankedByWords.map(({ hit }) => hit)
  const found = new Map([...byQNet, ...byWords].map(hit => [hit.id, hit] as const))
  const scoreOf = hybrid.fusion === 'convex' ? convex(byQNet, byWords, hybrid.lexical) : reciprocal(byQNet, byWords)
  return [...found.values()]
    .map(hit => {
      const scores = { qnet: hit.score, lexical: hit.wordsScore ?? 0 }
      // One of which the q-net says nothing comes last, as it does without words.
      return { ...hit, scores, score: Number.isFinite(hit.score) ? scoreOf(hit) : Number.NaN }
    })
    .sort(compareRank)
}

/**
 * The scores of either kind brought to 0 to 1, then added by weight (Bruch, Gai and Ingber, An Analysis of Fusion Functions
 * for Hybrid Retrieval, 2023). Of the q-net 0 is the last of its list: a document that only its words bring is below it, by
 * as much as its score is, so that without weight on words the order is the q-net's. Of words 0 is to have none.
 */
function convex(byQNet: readonly FoundHit[], byWords: readonly FoundHit[], lexical: number) {
  const finite = byQNet.map(({ score }) => score).filter(score => Number.isFinite(score))
  const best = finite[0] ?? 0
  const last = finite.at(-1) ?? 0
  const range = best - last || 1
  const mostWords = byWords[0]?.wordsScore ?? 1
  return ({ score, wordsScore = 0 }: FoundHit) =>
    (1 - lexical) * ((score - last) / range) + lexical * (wordsScore / mostWords)
}

/** A list that does not have a document adds nothing to its score. */
function reciprocal(byQNet: readonly FoundHit[], byWords: readonly FoundHit[]) {
  const shares = [byQNet, byWords].map(
    list => new Map(list.map(({ id }, at) => [id, 1 / (reciprocalRankShift + at + 1)] as const)),
  )
  return ({ id }: FoundHit) => shares.reduce((sum, share) => sum + (share.get(id) ?? 0), 0)
}
