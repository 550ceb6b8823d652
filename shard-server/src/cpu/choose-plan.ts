/** How one shard is searched: what a plan that names a recall, or a graph, comes to for the segments that there are. */
import { expansionMax, knobFor, rowsReadPerRowKept } from '@hypershard/storage'
import type { ScanPlan } from './messages.ts'
import type { ScanSegment } from './scan-segment.ts'

/** Recall is calibrated for so many hits; whoever wants more has everything multiplied. */
const calibratedHits = 10
/** So few documents are scored in less time than a tangent and a walk take. */
const exactDocuments = 1_024

export type ShardPlan =
  | { readonly kind: 'exact' }
  | {
      readonly kind: 'tangent'
      /** Of the shard, that the q-net scores. */
      readonly candidates: number
      /** By segment: rows kept in a walk of its graph; undefined where its int8 vectors are read instead. */
      readonly expansions: readonly (number | undefined)[]
    }

/** The same for everyone who asks with the same segments, so that threads agree without a word. */
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

/** Exact where it is cheap anyway, and where nothing is known of what else would find so much. */
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
