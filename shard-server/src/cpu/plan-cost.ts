/**
 * What a plan costs, counted in the multiply-adds of an f32 matrix product. Counted and not measured, so that one index
 * is searched in one way by every server. Measured on two cores with AVX2: 35 picoseconds a multiply-add of the shipped
 * model's q-net and 44 of the published one's at six layers of 768.
 */
import { layerShapes, type QNetArchitecture } from '@hypershard/qnet'

/** What a row costs to score beside its products, an inner product alone most of all: reading it, and choosing the best. */
const rowOverhead = 1_500
/** A value of an int8 vector: 19 nanoseconds a row of 384. */
const scannedValue = 1.5
/** A tangent's products are of one row, for which all weights are read: so many rows in a block take as long. */
const tangentRows = 30
/** A search by tangent beside that: about a tenth of a millisecond. */
const tangentOverhead = 3e6

/** What the q-net's scores of so many rows cost. */
export function costOfScoring(architecture: QNetArchitecture, rows: number): number {
  const products = layerShapes(architecture).reduce((sum, shape) => sum + shape.in * shape.out, 0)
  return rows * (products + rowOverhead)
}

/** @param work `valuesRead`: of int8 vectors */
export function costOfTangent(
  architecture: QNetArchitecture,
  { valuesRead, candidates }: { readonly valuesRead: number; readonly candidates: number },
): number {
  return scannedValue * valuesRead + costOfScoring(architecture, tangentRows + candidates) + tangentOverhead
}
