import {
  type ErrorCode,
  type HypershardError,
  isErrorCode,
  type Meter,
  type ScanCounts,
  toHypershardError,
  unlabelled,
} from '@hypershard/common'
import type { coverageSchema, SearchPlanName } from '@hypershard/contract'
import type { z } from 'zod'
import { type Coverage, isWhole } from './coverage.ts'
import { rerankMetrics, searchMetrics } from './metrics.ts'
import type { SearchAnswer } from './search-answer.ts'
import { Stopwatch } from './search-profile.ts'

type CoverageJson = z.input<typeof coverageSchema>

type Searched = Pick<Coverage, 'documentsEligible' | 'documentsCovered' | 'nonFiniteScores'> &
  ScanCounts & { readonly missing: readonly { readonly code: string }[] }

/** What steps are called as a label. */
const stageNames = {
  encode: 'encode',
  fanOut: 'fan_out',
  merge: 'merge',
  fetch: 'fetch',
  rerank: 'rerank',
  highlight: 'highlight',
} as const

/** Counts each search once, however it ends: answered, refused at the door, failed, or left by its caller. */
export class SearchMeter {
  readonly #searches
  readonly #seconds
  readonly #stageSeconds
  readonly #eligible
  readonly #covered
  readonly #scored
  readonly #scanned
  readonly #walked
  readonly #missing
  readonly #nonFinite
  readonly #interpretations
  readonly #reranks
  readonly #rerankPairs

  constructor(meter: Meter) {
    this.#searches = meter.counter(searchMetrics.searches)
    this.#seconds = meter.histogram(searchMetrics.seconds)
    this.#stageSeconds = meter.histogram(searchMetrics.stageSeconds)
    this.#eligible = meter.counter(searchMetrics.eligible)
    this.#covered = meter.counter(searchMetrics.covered)
    this.#scored = meter.counter(searchMetrics.scored)
    this.#scanned = meter.counter(searchMetrics.scanned)
    this.#walked = meter.counter(searchMetrics.walked)
    this.#missing = meter.counter(searchMetrics.missingShards)
    this.#nonFinite = meter.counter(searchMetrics.nonFinite)
    this.#interpretations = meter.counter(searchMetrics.interpretations)
    this.#reranks = meter.counter(rerankMetrics.reranks)
    this.#rerankPairs = meter.counter(rerankMetrics.pairs)
  }

  /**
   * Runs a search and counts it.
   * @param ask calls `admitted` once it has waited for all that it must wait for, and times its steps with what that gives
   */
  async measure(
    plan: SearchPlanName,
    ask: (admitted: () => Stopwatch) => Promise<SearchAnswer>,
  ): Promise<SearchAnswer> {
    const startMs = performance.now()
    let watch: Stopwatch | undefined
    const admitted = () => {
      this.#stageSeconds.observe({ stage: 'wait' }, secondsSince(startMs))
      watch = new Stopwatch()
      return watch
    }
    try {
      const answer = await ask(admitted)
      const result = isWhole(answer.coverage) ? 'complete' : 'partial'
      this.#end({ plan, outcome: result, result, startMs })
      this.#noteInterpretation(answer)
      if (!answer.cached) this.#noteAnswer(answer)
      return answer
    } catch (error) {
      const failure = toHypershardError(error)
      this.#end({ plan, outcome: failure.code, result: 'failed', startMs })
      this.#noteCoverage(coverageIn(failure))
      throw error
    } finally {
      if (watch !== undefined) this.#noteStages(watch)
    }
  }

  #end({ plan, outcome, result, startMs }: { plan: string; outcome: string; result: string; startMs: number }): void {
    this.#searches.add({ plan, outcome })
    this.#seconds.observe({ plan, result }, secondsSince(startMs))
  }

  #noteStages({ laps }: Stopwatch): void {
    for (const [step, ms] of Object.entries(laps)) {
      this.#stageSeconds.observe({ stage: stageNames[step as keyof typeof laps] }, ms / 1_000)
    }
  }

  #noteInterpretation({ interpretation }: SearchAnswer): void {
    if (interpretation === undefined) return
    this.#interpretations.add({ outcome: interpretation.any.length > 0 ? 'split' : 'one_need' })
  }

  #noteAnswer({ coverage, rerank }: SearchAnswer): void {
    this.#noteCoverage(coverage)
    if (rerank === undefined) return
    this.#reranks.add({ outcome: rerank.code ?? (rerank.reranked ? 'reranked' : 'behind') })
    this.#rerankPairs.add(unlabelled, rerank.scored)
  }

  #noteCoverage(coverage: Searched | undefined): void {
    if (coverage === undefined) return
    this.#eligible.add(unlabelled, coverage.documentsEligible)
    this.#covered.add(unlabelled, coverage.documentsCovered)
    this.#scored.add(unlabelled, coverage.documentsScored)
    this.#scanned.add(unlabelled, coverage.documentsScanned)
    this.#walked.add(unlabelled, coverage.documentsWalked)
    this.#nonFinite.add(unlabelled, coverage.nonFiniteScores)
    // A shard server may be of another version and have codes that this one does not know.
    for (const { code } of coverage.missing) this.#missing.add({ code: isErrorCode(code) ? code : 'internal' })
  }
}

/** What a search found that was refused for finding too little. */
function coverageIn({ code, details }: HypershardError): Searched | undefined {
  if (code !== ('insufficient_coverage' satisfies ErrorCode)) return undefined
  const { documents_eligible, ratio, missing, non_finite_scores, ...json } = details.coverage as CoverageJson
  return {
    documentsEligible: documents_eligible,
    documentsCovered: Math.round(ratio * documents_eligible),
    documentsScored: json.documents_scored,
    documentsScanned: json.documents_scanned,
    documentsWalked: json.documents_walked,
    nonFiniteScores: non_finite_scores,
    missing,
  }
}

function secondsSince(startMs: number): number {
  return (performance.now() - startMs) / 1_000
}
