import { useMemo, useRef } from 'preact/hooks'
import { toldShare } from '../../parts/numbers.ts'
import { useVisibleRange } from '../../parts/use-visible-range.ts'
import { evenTops } from '../../parts/visible-range.ts'
import { type Answered, hitMiddles, hitRowHeight, hitRows, hitTops, rankedHits } from './hit-rows.ts'
import { overlapOf, rankMoves } from './rank-moves.ts'
import { ResultFacets, ResultHead, ResultHits, ResultMore } from './search-result.tsx'
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
  const [hitsA, hitsB] = [useRanked(a.answer), useRanked(b.answer)]
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
        <div class="stack">
          <ResultHead title="A" search={a} onRetry={onRetry} />
          <ResultFacets title="Facets of A" search={a} />
        </div>
        <div class="stack">
          <ResultHead title="B" search={b} onRetry={onRetry} />
          <ResultFacets title="Facets of B" search={b} />
        </div>
        <div class="lab-side-a">
          <ResultHits title="Hits of A" search={a} moves={rankMoves(hitsA, hitsB)} />
          <ResultMore search={a} />
        </div>
        {a.answer !== undefined && b.answer !== undefined && <MoveLines a={a.answer} b={b.answer} />}
        <div class="lab-side-b">
          <ResultHits title="Hits of B" search={b} moves={rankMoves(hitsB, hitsA)} />
          <ResultMore search={b} />
        </div>
      </div>
    </section>
  )
}

function useRanked(answer: Answered | undefined) {
  return useMemo(() => (answer === undefined ? [] : rankedHits(answer)), [answer])
}

/** Lines of rank moves, between the lists; only those that can be seen are drawn. */
function MoveLines({ a, b }: { readonly a: Answered; readonly b: Answered }) {
  const frame = useRef<HTMLDivElement>(null)
  const { lines, tops } = useMemo(() => linesBetween(a, b), [a, b])
  const { first, end } = useVisibleRange({ frame, tops })
  const height = tops.at(-1)!
  const [from, to] = [tops[first]!, tops[end]!]
  const seen = lines.filter(({ left, right }) => Math.min(left, right) < to && Math.max(left, right) >= from)
  return (
    <div class="lab-moves" ref={frame}>
      <svg aria-hidden="true" width="100%" height={height} viewBox={`0 0 100 ${height}`} preserveAspectRatio="none">
        {seen.map(({ left, right, by }) => (
          <path
            key={`${left}-${right}`}
            class={by === 0 ? 'move same' : by < 0 ? 'move up' : 'move down'}
            d={`M0 ${left} C50 ${left} 50 ${right} 100 ${right}`}
          />
        ))}
      </svg>
    </div>
  )
}

/** From where to where lines go, in pixels, and rows that span both lists. */
function linesBetween(a: Answered, b: Answered) {
  const [rowsA, rowsB] = [hitRows(a), hitRows(b)]
  const [middlesA, middlesB] = [hitMiddles(rowsA), hitMiddles(rowsB)]
  const lines = rankMoves(rankedHits(a), rankedHits(b)).flatMap(({ other }, at) =>
    other === undefined ? [] : [{ left: middlesA[at]!, right: middlesB[other - 1]!, by: other - 1 - at }],
  )
  const height = Math.max(hitTops(rowsA).at(-1)!, hitTops(rowsB).at(-1)!)
  return { lines, tops: evenTops(Math.ceil(height / hitRowHeight), hitRowHeight) }
}
