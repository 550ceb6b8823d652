import type { ScanCounts } from '@hypershard/common'
import type { CrossEncoder, Model } from '@hypershard/proto/encoder'
import type { Manifest } from '@hypershard/storage'
import { eligibleByShard } from '../catalog/eligible-by-shard.ts'
import type { SearchInput } from './search-input.ts'

/** What a search costs in floating-point operations of scoring. */
export interface ScoringCost {
  /** Before it is made; documents that a filter leaves out count too, since how many they are is not known. */
  readonly expected: number
  /** Once it is known which documents were looked at, and how many pairs were scored. */
  of(counts: ScanCounts, pairs?: number): number
}

/**
 * A multiplication and an addition for each weight of a q-net, for each number of a vector, and for each weight of a
 * cross-encoder that each token of a pair meets; a pair counts as the longest there can be.
 */
const flopsOfWeight = 2

/** @param model undefined for one that is not known now: a search of it fails, and costs nothing */
export function scoringCost(
  { plan, candidates, expansion, k, rerank }: Pick<SearchInput, 'plan' | 'candidates' | 'expansion' | 'k' | 'rerank'>,
  manifest: Manifest,
  model: Pick<Model, 'qnetParameters' | 'vectorWidth'> | undefined,
  crossEncoder?: Pick<CrossEncoder, 'tokenParameters' | 'maxTokens'>,
): ScoringCost {
  const { qnetParameters = 0, vectorWidth = 0 } = model ?? {}
  const costOf = (scored: number, ranked: number) => flopsOfWeight * (scored * qnetParameters + ranked * vectorWidth)
  const expected = eligibleByShard(manifest).reduce((sum, eligible) => {
    if (plan === 'exact') return sum + costOf(eligible, 0)
    const wanted = Math.max(candidates, k + 1, rerank?.candidates ?? 0, plan === 'graph' ? expansion : 0)
    return sum + costOf(Math.min(eligible, wanted), eligible)
  }, 0)
  const { tokenParameters = 0, maxTokens = 0 } = crossEncoder ?? {}
  const costOfPair = flopsOfWeight * tokenParameters * maxTokens
  return {
    expected: expected + costOfPair * (rerank?.candidates ?? 0),
    of: ({ documentsScored, documentsScanned, documentsWalked }, pairs = 0) =>
      costOf(documentsScored, documentsScanned + documentsWalked) + costOfPair * pairs,
  }
}
