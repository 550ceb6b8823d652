/**
 * Recall knobs: which settings of a search find how much of the exact answer in one segment, as measured (calibrated)
 * when its graph was built.
 */
import { expansionMax } from '@hypershard/proto/limits'
import { z } from 'zod'

/** Recalls that are calibrated: of the ten best documents by exact scoring, the share that is found. */
export const recallTargets = [0.9, 0.95, 0.99] as const

/**
 * A walk that keeps n rows takes one thread as long as two threads take to read this many times n int8 vectors: 3.7 and
 * 0.015 microseconds a row, at width 384 and with what a search does with either.
 */
export const rowsReadPerRowKept = 256

const knobSchema = z.strictObject({
  recall: z.number().min(0).max(1),
  /** Rows kept in a walk of the graph; null where every vector is read instead. */
  expansion: z.int().min(1).max(expansionMax).nullable(),
  /** Of those, how many are scored by the q-net. */
  candidates: z.int().min(1).max(expansionMax),
})

/** The cheapest setting that reached a recall. A recall that no setting reached has no knob. */
export type RecallKnob = Readonly<z.output<typeof knobSchema>>

export const recallKnobsSchema = z.array(knobSchema).max(16)

/** The cheapest knob for at least this recall; undefined when none was found. */
export function knobFor(knobs: readonly RecallKnob[], recall: number): RecallKnob | undefined {
  const enough = knobs.filter(knob => knob.recall >= recall)
  return enough.sort((a, b) => a.recall - b.recall)[0]
}
