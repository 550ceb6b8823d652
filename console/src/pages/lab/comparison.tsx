import type { Hit } from '@hypershard/contract'
import { useRef } from 'preact/hooks'
import { toldShare } from '../../parts/numbers.ts'
import { useVisibleRange } from '../../parts/use-visible-range.ts'
import { hitRowHeight } from './hit-list.tsx'
import { overlapOf, rankMoves } from './rank-moves.ts'
import { ResultHead, ResultHits, ResultMore } from './search-result.tsx'
import type { LabSearch } from './use-lab-search.ts'

/** Hits that most people look at. */
const firstMax = 10

export interface ComparisonProps {
  readonly a: LabSearch
  readonly b: LabSearch
  readonly onRetry: () => void
}

/** Two answers side by side, with a line from each document to itself. */
export function Comparison({ a, b, onRetry }: ComparisonProps) {
  const [hitsA, hitsB] = [a.answer?.hits ?? [], b.answer?.hits ?? []]
  const both = a.answer !== undefined && b.answer !== undefined
  const all = Math.max(hitsA.length, hitsB.length)
  const first = Math.min(firstMax, all)
  return (
    <section class="panel" aria-label="Comparison">
      {both && (
        <p class="soft" role="status">
          Of the first {first} hits, both have {toldShare(overlapOf(hitsA, hitsB, first))}
          {all > first && `; of all ${all} that are here, ${toldShare(overlapOf(hitsA, hitsB, all))}`}.
        </p>
      )}
      <div class="lab-compared">
        <ResultHead title="A" search={a} onRetry={onRetry} />
        <ResultHead title="B" search={b} onRetry={onRetry} />
        <div class="lab-side-a">
          <ResultHits title="Hits of A" search={a} moves={rankMoves(hitsA, hitsB)} />
          <ResultMore search={a} />
        </div>
        {both && <MoveLines a={hitsA} b={hitsB} />}
        <div class="lab-side-b">
          <ResultHits title="Hits of B" search={b} moves={rankMoves(hitsB, hitsA)} />
          <ResultMore search={b} />
        </div>
      </div>
    </section>
  )
}

/** Lines of rank moves, between the lists; only those that can be seen are drawn. */
function MoveLines({ a, b }: { readonly a: readonly Hit[]; readonly b: readonly Hit[] }) {
  const frame = useRef<HTMLDivElement>(null)
  const rows = Math.max(a.length, b.length)
  const { first, end } = useVisibleRange({ frame, rowHeight: hitRowHeight, count: rows })
  const middle = (rank: number) => (rank + 0.5) * hitRowHeight
  const lines = rankMoves(a, b).flatMap(({ other }, at) => (other === undefined ? [] : [{ from: at, to: other - 1 }]))
  const seen = lines.filter(({ from, to }) => Math.min(from, to) < end && Math.max(from, to) >= first)
  return (
    <div class="lab-moves" ref={frame}>
      <svg
        aria-hidden="true"
        width="100%"
        height={rows * hitRowHeight}
        viewBox={`0 0 100 ${rows * hitRowHeight}`}
        preserveAspectRatio="none"
      >
        {seen.map(({ from, to }) => (
          <path
            key={`${from}-${to}`}
            class={from === to ? 'move same' : to < from ? 'move up' : 'move down'}
            d={`M0 ${middle(from)} C50 ${middle(from)} 50 ${middle(to)} 100 ${middle(to)}`}
          />
        ))}
      </svg>
    </div>
  )
}
