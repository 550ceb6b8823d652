import type { ScanCounts } from '@hypershard/common'
import type { CrossEncoder, Model } from '@hypershard/proto/encoder'
import { interpretedPiecesMax } from '@hypershard/proto/limits'
import type { Manifest } from '@hypershard/storage'
import { eligibleByShard } from '../catalog/eligible-by-shard.ts'
import type { SearchInput } from './search-input.ts'

/** What a search costs in floating-point operations of scoring. */
export interface ScoringCost {
  /** Before it is made; documents that a filter leaves out count too, since how many they are is not known. */
  readonly expected: number
  /** Once it is known which documents were looked at, how many pairs were scored, and how many pieces the text has. */
  of(counts: ScanCounts, found?: { readonly pairs?: number | undefined; readonly pieces?: number | undefined }): number
}

/**
 * A multiplication and an addition for each weight of a q-net, for each number of a vector, and for each weight of a
 * cross-encoder that each token of a pair meets; a pair counts as the longest there can be.
 */
const flopsOfWeight = 2

/** What of a search decides its cost. */
type PricedOption = 'plan' | 'candidates' | 'expansion' | 'k' | 'hybrid' | 'rerank' | 'composed' | 'interpret'

/** @param model undefined for one that is not known now: a search of it fails, and costs nothing */
export function scoringCost(
  { plan, candidates, expansion, k, hybrid, rerank, composed, interpret }: Pick<SearchInput, PricedOption>,
  manifest: Manifest,
  model: Pick<Model, 'qnetParameters' | 'vectorWidth'> | undefined,
  crossEncoder?: Pick<CrossEncoder, 'tokenParameters' | 'maxTokens'>,
): ScoringCost {
  const { qnetParameters = 0, vectorWidth = 0 } = model ?? {}
  // Each leaf of a composed query scores, and ranks, what a query of one q-net would.
  const qnetsAsked =
    composed === undefined ? 1 : composed.leaves.reduce((sum, { like }) => sum + (like?.length ?? 1), 0)
  const qnetsAtMost = interpret ? interpretedPiecesMax : qnetsAsked
  const costOf = (scored: number, ranked: number, qnets = qnetsAtMost) =>
    flopsOfWeight * qnets * (scored * qnetParameters + ranked * vectorWidth)
  const joined = hybrid?.candidates ?? 0
  const shards = eligibleByShard(manifest)
  // The best by words of each shard are scored by the q-net beside what the plan scores.
  const costOfWords = shards.reduce((sum, eligible) => sum + costOf(Math.min(eligible, joined), 0), 0)
  const expected = shards.reduce((sum, eligible) => {
    if (plan === 'exact') return sum + costOf(eligible, 0)
    const wanted = Math.max(candidates, k + 1, joined, rerank?.candidates ?? 0, plan === 'graph' ? expansion : 0)
    return sum + costOf(Math.min(eligible, wanted), eligible)
  }, costOfWords)
  const { tokenParameters = 0, maxTokens = 0 } = crossEncoder ?? {}
  const costOfPair = flopsOfWeight * tokenParameters * maxTokens
  return {
    expected: expected + costOfPair * (rerank?.candidates ?? 0),
    of: ({ documentsScored, documentsScanned, documentsWalked }, { pairs = 0, pieces = 0 } = {}) => {
      const looked = documentsScored + documentsScanned + documentsWalked
      const ofWords = looked > 0 ? costOfWords : 0
      return (
        costOf(documentsScored, documentsScanned + documentsWalked, pieces || qnetsAsked) + ofWords + costOfPair * pairs
      )
    },
  }
}
