import { generationUid } from '../cluster/placement-of.ts'
import type { FanOutRequest } from './fan-out-request.ts'
import { HedgeBudget } from './hedge-budget.ts'
import { LatencyWindows } from './latency-windows.ts'

/** What hedges came to since the start, in calls. */
export interface HedgeCounts {
  asked: number
  /** Of those asked, the ones that answered for a shard before the call that was late. */
  won: number
  /** Calls that were ended because another had answered for all their shards: late ones, or hedges. */
  cancelled: number
  /** Late calls that were not asked a second time because too many had been. */
  refusedByBudget: number
}

/** Later than this share of the calls of its kind. */
const lateQuantile = 0.95

/** Two turns of a timer: what is later by less is late by the coordinator's own doing. */
const lateMsMin = 2

/**
 * Between two looks at a call: whether it is late, whether its server is known to be down, and, once it is late, whether
 * there is budget.
 */
const lookMs = { min: 1, late: 10, max: 100 }

/**
 * When a call is late, and whether another server may be asked for the same: after the 95th percentile of the calls of
 * its kind (Dean and Barroso, The Tail at Scale, CACM 2013, "hedged requests"). With little of the budget saved it is
 * late only after up to twice that, or the usual variation would spend what a server that stops needs.
 */
export class Hedging {
  readonly counts: HedgeCounts = { asked: 0, won: 0, cancelled: 0, refusedByBudget: 0 }
  readonly budget: HedgeBudget
  readonly #latencies = new LatencyWindows(lateQuantile)

  /** @param percent of the calls that may be hedged */
  constructor(percent?: number) {
    this.budget = new HedgeBudget(percent)
  }

  /** From its start; undefined while too little is known of the kind. */
  lateAfterMs(kind: string, nowMs: number): number | undefined {
    const usual = this.#latencies.quantileOf(kind, nowMs)
    return usual === undefined ? undefined : Math.max(lateMsMin, usual * (2 - this.budget.fill))
  }

  /**
   * How long a call took, or has been waited for when it was cancelled. The latter is later than the quantile, so that
   * not knowing how much later does not change it.
   */
  noteCall(kind: string, ms: number, nowMs: number): void {
    this.#latencies.note(kind, ms, nowMs)
  }
}

/** How long until a call that has taken so long is looked at: when it is late, and then at ever longer pauses. */
export function untilLookMs(elapsedMs: number, lateAfterMs: number | undefined): number {
  const leftMs = (lateAfterMs ?? 0) - elapsedMs
  return Math.min(lookMs.max, leftMs > 0 ? Math.max(lookMs.min, leftMs) : Math.max(lookMs.late, elapsedMs))
}

/** Calls of one kind take about as long as each other: of one generation, in one plan, for about as many documents. */
export function kindOf(
  request: Pick<FanOutRequest, 'manifest' | 'plan' | 'filter' | 'precision' | 'words'>,
  documents: number,
): string {
  const { manifest, plan, filter, precision, words } = request
  const cost = Math.round(Math.log2(Math.max(1, documents)))
  const searched = `${filter === undefined ? 'all' : 'filtered'}${words === undefined ? '' : ' by words'}`
  return `${generationUid(manifest)}/${plan}/${precision}/${searched}/${cost}`
}
