import type { JudgedQuery } from './judge-kept.ts'
import { signed } from './metrics-table.tsx'

export interface DifferencesChartProps {
  readonly metric: string
  /** In any order. */
  readonly queries: readonly JudgedQuery[]
  /** Which of the queries' values. */
  readonly at: number
}

const width = 600
const height = 120
const middle = height / 2

/** Every query as a bar, best change first: whether many changed a little or few a lot. The table below has each. */
export function DifferencesChart({ metric, queries, at }: DifferencesChartProps) {
  const sorted = queries.map(({ differences }) => differences[at]!).sort((a, b) => b - a)
  const largest = Math.max(...sorted.map(Math.abs), 1e-9)
  const bar = width / Math.max(1, sorted.length)
  const words = `${metric} of each query against the other run: best ${signed(sorted[0] ?? 0)}, worst ${signed(sorted.at(-1) ?? 0)}`
  return (
    <figure class="stack">
      <svg
        class="differences"
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={words}
      >
        {sorted.map((value, place) => {
          const tall = (Math.abs(value) / largest) * (middle - 4)
          return value === 0 ? null : (
            <rect
              key={place}
              class={value > 0 ? 'differences-win' : 'differences-loss'}
              x={place * bar}
              width={Math.max(0.6, bar - 0.8)}
              y={value > 0 ? middle - tall : middle}
              height={tall}
            />
          )
        })}
        <line class="scale-grid" x1={0} x2={width} y1={middle} y2={middle} />
      </svg>
      <figcaption class="small soft">
        One bar a query, by its change of {metric}: {signed(sorted[0] ?? 0)} to {signed(sorted.at(-1) ?? 0)}.
      </figcaption>
    </figure>
  )
}
