export interface SparklineProps {
  /** What is drawn and what it is now, for who does not see it. */
  readonly label: string
  /** Oldest first. */
  readonly values: readonly number[]
  /** How many there is room for; the newest stand on the right. */
  readonly room: number
}

const width = 240
const height = 40

/** How a number went lately, from 0 to the largest. */
export function Sparkline({ label, values, room }: SparklineProps) {
  const most = Math.max(...values, 1e-9)
  const points = values.map((value, at) => {
    const x = ((room - values.length + at) / Math.max(1, room - 1)) * width
    return `${x.toFixed(1)},${(height - 1 - (value / most) * (height - 2)).toFixed(1)}`
  })
  return (
    <svg class="sparkline" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label} preserveAspectRatio="none">
      <polyline points={points.join(' ')} fill="none" vector-effect="non-scaling-stroke" />
    </svg>
  )
}
