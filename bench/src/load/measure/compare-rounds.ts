import { median } from '../../statistics.ts'
import type { Measurement } from './measurement.ts'

type Rates = Pick<Measurement, 'qpsOfRounds'>
type Medians = Pick<Measurement, 'p50MsOfRounds'>

/** Of the rates of two that took turns: the median over the rounds, so that a slow moment of the machine weighs little. */
export function qpsRatio(ours: Rates, theirs: Rates): number {
  return median(ours.qpsOfRounds.map((qps, round) => qps / theirs.qpsOfRounds[round]!))
}

/** Of the medians of their latencies. */
export function p50Ratio(ours: Medians, theirs: Medians): number {
  return median(pairs(ours, theirs).map(([mine, other]) => mine / other))
}

/** By how many milliseconds the median latency of the first is longer. */
export function p50Difference(ours: Medians, theirs: Medians): number {
  return median(pairs(ours, theirs).map(([mine, other]) => mine - other))
}

function pairs(ours: Medians, theirs: Medians): [number, number][] {
  return ours.p50MsOfRounds.map((ms, round) => [ms ?? Number.NaN, theirs.p50MsOfRounds[round] ?? Number.NaN])
}
