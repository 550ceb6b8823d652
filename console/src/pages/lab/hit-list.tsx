import type { Hit } from '@hypershard/contract'
import { useEffect, useState } from 'preact/hooks'
import { printExact } from '../../api/parse-exact.ts'
import { toldScore } from '../../parts/numbers.ts'
import { Shown } from '../../parts/shown.tsx'
import { VirtualList } from '../../parts/virtual-list.tsx'
import { HitDrawer } from './hit-drawer.tsx'
import { LeafTag, type Leaves } from './leaf-scores.tsx'
import type { RankMove } from './rank-moves.ts'

export interface HitListProps {
  readonly label: string
  readonly hits: readonly Hit[]
  /** Where each hit stands in the other list; none where there is no other. */
  readonly moves?: readonly RankMove[] | undefined
  /** Of a composed query. */
  readonly leaves: Leaves | undefined
}

/** Of one hit, in pixels: a line for its name, two for its best passage, one for its fields. */
export const hitRowHeight = 104

/** How much of a passage and of a name is put into a row; the whole is in the drawer. */
const passageCharactersMax = 400
const nameCharactersMax = 200
const fieldsShownMax = 4
const fieldCharactersMax = 40

/** Hits in their order; any number of them scrolls. */
export function HitList({ label, hits, moves, leaves }: HitListProps) {
  const [open, setOpen] = useState<number>()
  // What was opened is of the hits before.
  useEffect(() => setOpen(undefined), [hits[0]])
  const best = Math.max(...hits.slice(0, 1).map(({ score }) => score ?? 0))
  const opened = open === undefined ? undefined : hits[open]
  return (
    <>
      <VirtualList
        label={label}
        count={hits.length}
        rowHeight={hitRowHeight}
        row={at => (
          <HitRow
            hit={hits[at]!}
            rank={at + 1}
            best={best}
            move={moves?.[at]}
            leaves={leaves}
            onOpen={() => setOpen(at)}
          />
        )}
      />
      {opened !== undefined && (
        <HitDrawer hit={opened} rank={open! + 1} leaves={leaves} onClose={() => setOpen(undefined)} />
      )}
    </>
  )
}

interface HitRowProps {
  readonly hit: Hit
  readonly rank: number
  /** The score of the first hit. */
  readonly best: number
  readonly move: RankMove | undefined
  readonly leaves: Leaves | undefined
  readonly onOpen: () => void
}

function HitRow({ hit, rank, best, move, leaves, onOpen }: HitRowProps) {
  const { id, title, text, passage, fields } = hit
  const name = title || id
  const shown = Object.entries(fields ?? {}).slice(0, fieldsShownMax)
  return (
    <button type="button" class={move === undefined ? 'hit' : 'hit moved'} onClick={onOpen}>
      <span class="hit-rank number">
        {rank}
        {move !== undefined && <Move move={move} />}
      </span>
      <span class="hit-main">
        <span class="hit-name">
          <Shown text={name} max={nameCharactersMax} />
        </span>
        <span class="hit-passage">
          <Shown text={passage?.text || text || ''} max={passageCharactersMax} />
        </span>
        <span class="hit-fields">
          {leaves !== undefined && <LeafTag hit={hit} leaves={leaves} />}
          {name !== id && (
            <span class="tag mono">
              <Shown text={id} max={fieldCharactersMax} />
            </span>
          )}
          {shown.map(([field, value]) => (
            <span class="tag" key={field}>
              <Shown text={field} max={fieldCharactersMax} />
              <strong>
                <Shown text={typeof value === 'string' ? value : printExact(value)} max={fieldCharactersMax} />
              </strong>
            </span>
          ))}
        </span>
      </span>
      <span class="hit-score">
        <span class="number">{toldScore(hit.rerank_score ?? hit.score)}</span>
        <span class="hit-bar" aria-hidden="true">
          <span style={{ width: `${100 * shareOf(hit.score, best)}%` }} />
        </span>
        {hit.rerank_score !== undefined && <span class="small soft number">found by {toldScore(hit.score)}</span>}
        {hit.scores !== undefined && (
          <span class="small soft number">
            q-net {toldScore(hit.scores.qnet)} · words {hit.scores.lexical.toFixed(2)}
          </span>
        )}
      </span>
    </button>
  )
}

/** Of the best score, where both are above 0; scores of a q-net may be anything. */
function shareOf(score: number | null, best: number): number {
  return score === null || best <= 0 ? 0 : Math.min(1, Math.max(0, score / best))
}

function Move({ move }: { readonly move: RankMove }) {
  if (move.other === undefined) return <span class="tag accent">only here</span>
  if (move.by === 0) return <span class="small soft">same</span>
  const sign = move.by > 0 ? '▲' : '▼'
  return (
    <span class={`tag ${move.by > 0 ? 'good' : 'warn'}`} title={`${move.other} in the other list`}>
      {sign} {Math.abs(move.by)}
      <span class="unseen">{move.by > 0 ? ' higher than' : ' lower than'} in the other list</span>
    </span>
  )
}
