/**
 * Turns the plan that was asked for into how one shard is searched: exactly, or by tangent, with a graph walk or a read
 * of all int8 vectors for each segment.
 */
import { expansionMax } from '@hypershard/proto/limits'
import { knobFor, rowsReadPerRowKept } from '@hypershard/storage'
import type { ScanPlan } from '../ports.ts'
import type { ScanSegment } from './scan-segment.ts'

/** Recall is calibrated for this many hits; a search for more has candidates and expansions multiplied. */
const calibratedHits = 10
/** Up to this many documents are scored exactly: that takes less time than a tangent and a walk. */
const exactDocuments = 1_024

export type ShardPlan =
  | { readonly kind: 'exact' }
  | {
      readonly kind: 'tangent'
      /** How many documents of the shard the q-net scores, in each thread that takes part. */
      readonly candidates: number
      /** By segment: rows kept in a walk of its graph; undefined where its int8 vectors are read instead. */
      readonly expansions: readonly (number | undefined)[]
    }

/** Depends on its arguments alone, so that all threads choose the same plan without talking. */
export function choosePlan(plan: ScanPlan, segments: readonly ScanSegment[]): ShardPlan {
  switch (plan.kind) {
    case 'exact':
      return plan
    case 'tangent':
      return { ...plan, expansions: segments.map(() => undefined) }
    case 'graph':
      return { ...plan, kind: 'tangent', expansions: segments.map(at => expansionFor(at, plan.expansion)) }
    case 'auto':
      return planForRecall(plan, segments)
  }
}

/** Exact where that is cheap anyway, and where no knob is known that reaches the recall. */
function planForRecall(
  { recall, hits }: { readonly recall: number; readonly hits: number },
  segments: readonly ScanSegment[],
): ShardPlan {
  const eligible = segments.reduce((sum, at) => sum + at.eligible, 0)
  const withGraph = segments.filter(({ segment }) => segment.graph !== undefined)
  const knobs = withGraph.map(({ segment }) => knobFor(segment.recallKnobs, recall))
  if (eligible <= exactDocuments || knobs.length === 0 || knobs.includes(undefined)) return { kind: 'exact' }
  const times = Math.max(1, hits / calibratedHits)
  return {
    kind: 'tangent',
    candidates: Math.ceil(Math.max(...knobs.map(knob => knob!.candidates)) * times),
    expansions: segments.map(at => {
      const knob = knobFor(at.segment.recallKnobs, recall)
      return knob && knob.expansion !== null ? expansionFor(at, knob.expansion * times) : undefined
    }),
  }
}

/**
 * Rows that a walk must keep to have `expansion` eligible ones among them; undefined where reading the vectors, of the
 * eligible rows alone if they are few, costs less.
 */
function expansionFor({ segment, eligible }: ScanSegment, expansion: number): number | undefined {
  if (segment.graph === undefined || eligible === 0) return undefined
  const kept = Math.ceil((expansion * segment.vectors.rows) / eligible)
  return kept <= expansionMax && kept * rowsReadPerRowKept <= segment.vectors.rows ? kept : undefined
}
