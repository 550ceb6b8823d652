/**
 * What a plan costs, counted in the multiply-adds of an f32 matrix product, and not measured by each server: one index is
 * searched in one way by every server. One takes 21.5 picoseconds of a core with AVX2, in the shipped model's q-net as in
 * the published one of six layers of 768; the other figures are from the same machine.
 */
import { layerShapes, type QNetArchitecture } from '@hypershard/qnet'

/** A multiply-add of one core, see above. */
export const multiplyAddMs = 21.5e-9

/** What a row costs to score beside its products: 0.33 microseconds, nearly all that an inner product takes. */
const rowOverhead = 15_000
/** A value of an int8 vector: 19.5 nanoseconds a row of 384. */
const scannedValue = 2.4
/** A tangent's products are of few rows, for which all weights are read: so many rows in a block take as long. */
const tangentRows = 33
/** A search by tangent beside that, a third of a millisecond. */
const tangentOverhead = 1.6e7

/** What the q-net's scores of so many rows cost. */
export function costOfScoring(architecture: QNetArchitecture, rows: number): number {
  const products = layerShapes(architecture).reduce((sum, shape) => sum + shape.in * shape.out, 0)
  return rows * (products + rowOverhead)
}

/** What reading so many int8 values costs. */
export function costOfRanking(values: number): number {
  return scannedValue * values
}

/** @param work `qnets`: that tangents are made of and candidates scored by; `valuesRead`: of int8 vectors */
export function costOfTangent(
  architecture: QNetArchitecture,
  { qnets, valuesRead, candidates }: Readonly<Record<'qnets' | 'valuesRead' | 'candidates', number>>,
): number {
  return costOfRanking(valuesRead) + qnets * costOfScoring(architecture, tangentRows + candidates) + tangentOverhead
}
