/**
 * The tangent plan for one shard: rank → score the best → are they enough? Whoever ranks and scores, one thread or all, the
 * same documents are scored and the same hits found.
 */
import type { RankStart } from '@hypershard/common'
import { type RowIds, TopHits } from '@hypershard/qnet'
import type { ShardScan } from '../ports.ts'
import type { ShardPlan } from './choose-plan.ts'
import type { DocumentScores } from './document-rows.ts'
import { candidatesNeeded } from './expected-misses.ts'
import { type Candidate, keyOf, type Ranked, type RankWish } from './rank-candidates.ts'
import { toHits } from './scan-shards.ts'

/** Of the best by their estimates, at least so many are kept for every candidate that is scored. */
const keptPerCandidate = 2
/** How many more are kept where those were too few, and scored where they did not suffice. */
const keptGrowth = 4
const scoredGrowth = 2
/** A tangent that would have a larger share of the documents scored is no use. */
const scoredShareMax = 0.5

export type TangentPlan = Extract<ShardPlan, { kind: 'tangent' }>

export interface TangentShard {
  readonly shard: number
  readonly plan: TangentPlan
  readonly segments: readonly { readonly eligible: number; readonly position: number; readonly ids: RowIds }[]
}

/** What ranks and scores; each may end before its time is up and says so. */
export interface TangentSteps {
  rank(wish: Omit<RankWish, 'part' | 'of'>): Promise<Ranked>
  /** @returns the q-net's scores of these candidates, or of the first of them */
  score(candidates: readonly Candidate[]): Promise<{
    readonly scores: Float32Array
    readonly passages?: Int32Array | undefined
    readonly stop: Ranked['stop']
  }>
}

export interface TangentOptions {
  readonly limit: number
  readonly after?: RankStart | undefined
}

/** @returns undefined where the q-net bends so much that the shard had better be searched exactly */
export async function searchByTangent(
  { shard, segments, plan }: TangentShard,
  steps: TangentSteps,
  options: TangentOptions,
): Promise<Omit<ShardScan, 'scoreMs'> | undefined> {
  const { count } = plan
  const documents = segments.reduce((sum, { eligible }) => sum + eligible, 0)
  const all = count.kind === 'fixed' && count.candidates >= documents
  let wanted = count.kind === 'fixed' ? count.candidates : count.first
  let kept = count.kind === 'fixed' ? wanted : wanted * keptPerCandidate
  let ranked = await steps.rank({ kept, expansions: plan.expansions, all })
  let stop = ranked.stop
  const scored = new ScoredRows()
  while (stop === undefined) {
    if (count.kind === 'recall' && unknownIn(ranked) > 0) return undefined
    const missing = scored.missing(bestIn(ranked, wanted))
    const answer = await steps.score(missing)
    scored.add(missing, answer)
    stop = answer.stop
    if (stop !== undefined) break
    const needed = count.kind === 'fixed' ? 0 : candidatesNeeded({ ...scored.of(ranked), documents, ...count })
    if (needed <= scored.count) break
    wanted = Math.min(documents, Math.max(needed, scoredGrowth * scored.count))
    if (wanted <= ranked.candidates.length || ranked.candidates.length === documents) continue
    if (wanted > documents * scoredShareMax) return undefined
    kept = Math.max(keptGrowth * kept, wanted)
    ranked = await steps.rank({ kept, expansions: segments.map(() => undefined), all: false })
    stop = ranked.stop
  }
  const found = scored.found(segments, options)
  return { shard, ...found, ...searchedIn(ranked, scored, wanted), plan: 'tangent', stop: stop ?? 'complete' }
}

function unknownIn({ candidates }: Ranked): number {
  return candidates.findLastIndex(({ estimate }) => estimate === Number.POSITIVE_INFINITY) + 1
}

/** So many of the best, and all that nothing is known of. */
function bestIn(ranked: Ranked, count: number): Candidate[] {
  return ranked.candidates.slice(0, Math.max(count, unknownIn(ranked)))
}

/** Documents whose candidates were not scored in time count as not searched. */
function searchedIn(ranked: Ranked, scored: ScoredRows, wanted: number) {
  const best = bestIn(ranked, wanted)
  const share = best.length === 0 ? Number(ranked.stop === undefined) : 1 - scored.missing(best).length / best.length
  return {
    documentsScored: scored.count,
    documentsScanned: Math.floor(ranked.scanned * share),
    documentsWalked: Math.floor(ranked.walked * share),
  }
}

/** The candidates that the q-net has scored. */
class ScoredRows {
  readonly #scores = new Map<number, { candidate: Candidate; score: number; passage: number | undefined }>()

  get count(): number {
    return this.#scores.size
  }

  add(
    candidates: readonly Candidate[],
    { scores, passages }: Omit<DocumentScores, 'passages'> & Partial<DocumentScores>,
  ): void {
    for (const [at, score] of scores.entries()) {
      const candidate = candidates[at]!
      this.#scores.set(keyOf(candidate), { candidate, score, passage: passages?.[at] })
    }
  }

  missing(candidates: readonly Candidate[]): Candidate[] {
    return candidates.filter(candidate => !this.#scores.has(keyOf(candidate)))
  }

  /** What the best of these candidates have scored, as many as are scored, and what all were estimated to. */
  of({ candidates }: Ranked): { readonly estimates: number[]; readonly scores: number[] } {
    const unscored = candidates.findIndex(candidate => !this.#scores.has(keyOf(candidate)))
    const scored = unscored === -1 ? candidates : candidates.slice(0, unscored)
    return {
      estimates: candidates.map(({ estimate }) => estimate),
      scores: scored.map(candidate => this.#scores.get(keyOf(candidate))!.score),
    }
  }

  found(
    segments: TangentShard['segments'],
    { limit, after }: TangentOptions,
  ): Pick<ShardScan, 'hits' | 'estimates' | 'nonFiniteScores' | 'beforeCount'> {
    const top = new TopHits(limit, after)
    for (const { candidate, score, passage } of this.#scores.values()) {
      top.addRow(score, candidate.row, segments[candidate.segment]!.ids, passage)
    }
    const positions = new Map<RowIds, number>(segments.map(({ ids, position }) => [ids, position]))
    const places = new Map(segments.map(({ position }, place) => [position, place]))
    const hits = toHits(top, positions)
    const estimates = hits.map(({ segment, row }) => {
      const { estimate } = this.#scores.get(keyOf({ segment: places.get(segment)!, row }))!.candidate
      return Number.isFinite(estimate) ? estimate : Number.NaN
    })
    const ranked = !estimates.every(Number.isNaN) && { estimates }
    return { hits, ...ranked, nonFiniteScores: top.nonFiniteCount, beforeCount: top.beforeCount }
  }
}
