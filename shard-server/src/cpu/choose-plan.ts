/**
 * Turns the plan that was asked for into how one shard is searched: exactly, or by tangent, with a graph walk or a read
 * of all int8 vectors for each segment.
 */
import { expansionMax } from '@hypershard/proto/limits'
import type { QNetArchitecture } from '@hypershard/qnet'
import { knobFor, type RecallKnob, rowsReadPerRowKept } from '@hypershard/storage/rows'
import type { ScanPlan } from '../ports.ts'
import { firstCandidates } from './expected-misses.ts'
import { costOfScoring, costOfTangent } from './plan-cost.ts'

/** Graphs are calibrated for this many hits; a search for more has candidates and expansions multiplied. */
const calibratedHits = 10

/** A segment as a plan sees it. */
export interface SegmentToPlan {
  /** Vectors. */
  readonly rows: number
  /** On average, where a document may have several. */
  readonly vectorsPerDocument?: number | undefined
  readonly width: number
  /** How many of the documents can be hits. */
  readonly eligible: number
  readonly hasGraph: boolean
  readonly recallKnobs: readonly RecallKnob[]
}

/** How many candidates the q-net scores: so many, or as many as their scores say that a recall needs. */
export type CandidateCount =
  | { readonly kind: 'fixed'; readonly candidates: number }
  | {
      readonly kind: 'recall'
      readonly recall: number
      readonly hits: number
      /** Scored in any case. */
      readonly first: number
    }

export type ShardPlan =
  | { readonly kind: 'exact' }
  | {
      readonly kind: 'tangent'
      /** Of the shard, however many threads search it. */
      readonly count: CandidateCount
      /** By segment: rows kept in a walk of its graph; undefined where its int8 vectors are read instead. */
      readonly expansions: readonly (number | undefined)[]
    }

/** A query as a plan sees it. */
export interface QueryToPlan {
  /** Of each of its q-nets. */
  readonly architecture: QNetArchitecture
  /** That a document is scored by. */
  readonly qnets: number
  /** Of these, those that lead to candidates. */
  readonly leading: number
  /** The best are among the best of the leading q-nets, each alone, so that what is known of walks for one holds for all. */
  readonly isUnion: boolean
}

/** What a query of one q-net is. */
export function queryOfOne(architecture: QNetArchitecture): QueryToPlan {
  return { architecture, qnets: 1, leading: 1, isUnion: true }
}

/** Depends on its arguments alone, so that a shard is searched in one way wherever it is. */
export function choosePlan(plan: ScanPlan, segments: readonly SegmentToPlan[], query: QueryToPlan): ShardPlan {
  switch (plan.kind) {
    case 'exact':
      return plan
    case 'tangent':
      return { kind: 'tangent', count: fixed(plan.candidates), expansions: segments.map(() => undefined) }
    case 'graph':
      return {
        kind: 'tangent',
        count: fixed(plan.candidates),
        expansions: segments.map(segment => expansionFor(segment, plan.expansion)),
      }
    case 'auto':
      return planForRecall(plan, segments, query)
  }
}

/** In multiply-adds, if the first candidates suffice. */
export function costOf(
  plan: ShardPlan,
  segments: readonly SegmentToPlan[],
  { architecture, qnets, leading }: QueryToPlan,
): number {
  if (plan.kind === 'exact') return qnets * costOfScoring(architecture, vectorsIn(segments))
  const candidates = plan.count.kind === 'fixed' ? plan.count.candidates : plan.count.first
  const rowsRead = (expansion: number | undefined, rows: number) =>
    expansion === undefined ? rows : expansion * rowsReadPerRowKept
  const valuesRead = segments.reduce(
    (sum, { rows, width }, index) => sum + leading * rowsRead(plan.expansions[index], rows) * width,
    0,
  )
  const documents = eligibleIn(segments)
  const share = documents === 0 ? 0 : Math.min(1, candidates / documents)
  return costOfTangent(architecture, { qnets, valuesRead, candidates: share * vectorsIn(segments) })
}

/** Of the documents that can be hits. */
function vectorsIn(segments: readonly SegmentToPlan[]): number {
  return segments.reduce((sum, { eligible, vectorsPerDocument = 1 }) => sum + eligible * vectorsPerDocument, 0)
}

export function eligibleIn(segments: readonly Pick<SegmentToPlan, 'eligible'>[]): number {
  return segments.reduce((sum, { eligible }) => sum + eligible, 0)
}

/**
 * By tangent unless exact scoring costs less, or all is asked for. A walk is taken where it is known to find the recall;
 * everywhere else the vectors are read, and the candidates' scores tell how many of them it takes.
 */
function planForRecall(
  { recall, hits }: { readonly recall: number; readonly hits: number },
  segments: readonly SegmentToPlan[],
  query: QueryToPlan,
): ShardPlan {
  if (recall >= 1) return { kind: 'exact' }
  const times = Math.max(1, hits / calibratedHits)
  const walks = segments.map(segment => {
    const knob = query.isUnion ? knobFor(segment.recallKnobs, recall) : undefined
    const expansion = knob && knob.expansion !== null ? expansionFor(segment, knob.expansion * times) : undefined
    return { expansion, candidates: expansion === undefined ? 0 : query.leading * Math.ceil(knob!.candidates * times) }
  })
  const first = Math.max(firstCandidates(hits), ...walks.map(({ candidates }) => candidates))
  const byTangent: ShardPlan = {
    kind: 'tangent',
    count: countForRecall({ recall, hits, first }, query),
    expansions: walks.map(({ expansion }) => expansion),
  }
  const exact: ShardPlan = { kind: 'exact' }
  return costOf(exact, segments, query) <= costOf(byTangent, segments, query) ? exact : byTangent
}

/**
 * What the estimates of several q-nets together are wrong by is less of a normal distribution than one's: of expressions over
 * three with random weights .975 was found where .99 was asked for, and with a quarter of the misses .98 to .995. Trained ones
 * have no use for more than the first candidates.
 */
const composedReserve = 4

/** As many as their scores say that it takes. */
export function countForRecall(
  { recall, hits, first }: { readonly recall: number; readonly hits: number; readonly first: number },
  { qnets }: Pick<QueryToPlan, 'qnets'>,
): CandidateCount {
  return { kind: 'recall', recall: qnets === 1 ? recall : 1 - (1 - recall) / composedReserve, hits, first }
}

function fixed(candidates: number): CandidateCount {
  return { kind: 'fixed', candidates }
}

/**
 * Rows that a walk must keep to have `expansion` eligible ones among them; undefined where reading the vectors, of the
 * eligible rows alone if they are few, costs less.
 */
function expansionFor({ hasGraph, eligible, rows }: SegmentToPlan, expansion: number): number | undefined {
  if (!hasGraph || eligible === 0) return undefined
  const kept = Math.ceil((expansion * rows) / eligible)
  return kept <= expansionMax && kept * rowsReadPerRowKept <= rows ? kept : undefined
}
