import type { Interval } from '@hypershard/evaluation/browser'
import type { JudgedKept, JudgedMetric } from './judge-kept.ts'

export interface MetricsTableProps {
  readonly judged: JudgedKept
  /** What the runs are called. */
  readonly name: string
  readonly otherName: string | undefined
}

/** Means with their confidence, drawn on one scale from 0 to 1; beside another run, what differs and how surely. */
export function MetricsTable({ judged: { metrics, counts }, name, otherName }: MetricsTableProps) {
  const compared = otherName !== undefined && metrics.every(({ other }) => other !== undefined)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reached by keyboard
    <section class="table-frame" aria-label="Metrics" tabIndex={0}>
      <table class="table">
        <caption class="unseen">
          {name}
          {compared && `, beside ${otherName}`}: means over {counts.queriesJudged} judged queries
        </caption>
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <th scope="col" class="right">
              Mean
            </th>
            <th scope="col" class="right">
              95 % confidence
            </th>
            <th scope="col" class="evaluation-scale-head">
              <span class="unseen">Drawn from </span>0<span class="unseen"> to </span>
              <span>1</span>
            </th>
            {compared && (
              <>
                <th scope="col" class="right">
                  Other
                </th>
                <th scope="col" class="right">
                  Change
                </th>
                <th scope="col" class="right">
                  p
                </th>
                <th scope="col" class="right">
                  Wins
                </th>
                <th scope="col" class="right">
                  Ties
                </th>
                <th scope="col" class="right">
                  Losses
                </th>
              </>
            )}
          </tr>
        </thead>
        <tbody>
          {metrics.map(metric => (
            <MetricRow key={metric.name} metric={metric} compared={compared} />
          ))}
        </tbody>
      </table>
    </section>
  )
}

function MetricRow({
  metric: { name, mean, interval, other },
  compared,
}: {
  readonly metric: JudgedMetric
  readonly compared: boolean
}) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="right strong">{mean.toFixed(4)}</td>
      <td class="right soft">
        {interval.low.toFixed(4)} to {interval.high.toFixed(4)}
      </td>
      <td class="evaluation-scale">
        <Scale own={{ mean, interval }} other={other && { mean: other.otherMean, interval: other.interval }} />
      </td>
      {compared && other !== undefined && (
        <>
          <td class="right">{other.otherMean.toFixed(4)}</td>
          <td class={`right ${toneOf(other.difference, other.pValue)}`}>{signed(other.difference)}</td>
          <td class="right">{toldP(other.pValue)}</td>
          <td class="right">{other.wins}</td>
          <td class="right">{other.ties}</td>
          <td class="right">{other.losses}</td>
        </>
      )}
    </tr>
  )
}

interface Placed {
  readonly mean: number
  readonly interval: Interval
}

/** The numbers beside it say the same. */
function Scale({ own, other }: { readonly own: Placed; readonly other: Placed | undefined }) {
  const height = other === undefined ? 16 : 26
  return (
    <svg class="scale" viewBox={`0 0 200 ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {[0, 0.25, 0.5, 0.75, 1].map(at => (
        <line key={at} class="scale-grid" x1={200 * at} x2={200 * at} y1={0} y2={height} />
      ))}
      <Whisker placed={own} y={8} kind="scale-own" />
      {other !== undefined && <Whisker placed={other} y={18} kind="scale-other" />}
    </svg>
  )
}

function Whisker({
  placed: { mean, interval },
  y,
  kind,
}: {
  readonly placed: Placed
  readonly y: number
  readonly kind: string
}) {
  return (
    <g class={kind}>
      <line x1={200 * interval.low} x2={200 * interval.high} y1={y} y2={y} />
      <rect x={200 * mean - 2} y={y - 5} width={4} height={10} />
    </g>
  )
}

/** By chance alone such a difference, or a larger one, is rare below this. */
export const significantBelow = 0.05

function toneOf(difference: number, pValue: number): string {
  if (pValue >= significantBelow) return ''
  return difference > 0 ? 'evaluation-better' : 'evaluation-worse'
}

export function signed(value: number): string {
  return `${value > 0 ? '+' : ''}${value.toFixed(4)}`
}

function toldP(pValue: number): string {
  return pValue < 0.0001 ? '< 0.0001' : pValue.toFixed(4)
}
