import type { Hit } from '@hypershard/contract'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { printExact } from '../../api/parse-exact.ts'
import { toldScore } from '../../parts/numbers.ts'
import { Shown } from '../../parts/shown.tsx'
import { VirtualList } from '../../parts/virtual-list.tsx'
import { FragmentLine } from './fragments.tsx'
import { HitDrawer } from './hit-drawer.tsx'
import { type Answered, hitRows, hitTops, rankedHits } from './hit-rows.ts'
import { LeafTag, type Leaves } from './leaf-scores.tsx'
import type { RankMove } from './rank-moves.ts'

export interface HitListProps {
  readonly label: string
  readonly answer: Answered
  /** Where each hit stands in the other list, by rank; none where there is no other. */
  readonly moves?: readonly RankMove[] | undefined
  /** Of a composed query. */
  readonly leaves: Leaves | undefined
  /** Fields that are shown before others: what hits are ordered or grouped by. */
  readonly fieldsFirst: readonly string[]
}

/** How much of a passage and of a name is put into a row; the whole is in the drawer. */
const passageCharactersMax = 400
const nameCharactersMax = 200
const fieldsShownMax = 4
const fieldCharactersMax = 40

/** Hits in their order, or in their groups; any number of them scrolls. */
export function HitList({ label, answer, moves, leaves, fieldsFirst }: HitListProps) {
  const [open, setOpen] = useState<number>()
  const rows = useMemo(() => hitRows(answer), [answer])
  const tops = useMemo(() => hitTops(rows), [rows])
  const best = useMemo(() => bestScore(answer), [answer])
  // What was opened is of the hits before.
  useEffect(() => setOpen(undefined), [rows[0]])
  const opened = open === undefined ? undefined : rows[open]
  const draw = (at: number) => {
    const row = rows[at]!
    if (row.kind === 'group') return <GroupHead value={row.value} hits={row.hits} />
    return (
      <HitButton
        {...row}
        best={best}
        move={moves?.[row.rank - 1]}
        leaves={leaves}
        fieldsFirst={fieldsFirst}
        onOpen={() => setOpen(at)}
      />
    )
  }
  return (
    <>
      <VirtualList label={label} count={rows.length} rowHeight={tops} row={draw} />
      {opened?.kind === 'hit' && <HitDrawer {...opened} leaves={leaves} onClose={() => setOpen(undefined)} />}
    </>
  )
}

function GroupHead({ value, hits }: { readonly value: string | number | boolean | null; readonly hits: number }) {
  return (
    <h3 class="hit-group">
      {value === null ? (
        <em>without a value</em>
      ) : (
        <Shown text={typeof value === 'string' ? value : printExact(value)} max={nameCharactersMax} />
      )}
      <span class="soft small">
        {hits} {hits === 1 ? 'hit' : 'hits'}
      </span>
    </h3>
  )
}

function bestScore(answer: Answered): number {
  return rankedHits(answer).reduce((best, { hit }) => Math.max(best, hit.score ?? 0), 0)
}

interface HitButtonProps {
  readonly hit: Hit
  readonly rank: number
  /** The highest score. */
  readonly best: number
  readonly move: RankMove | undefined
  readonly leaves: Leaves | undefined
  readonly fieldsFirst: readonly string[]
  readonly onOpen: () => void
}

function HitButton({ hit, rank, best, move, leaves, fieldsFirst, onOpen }: HitButtonProps) {
  const { id, title, text, passage, fields = {}, highlight } = hit
  const name = title || id
  const names = new Set([...fieldsFirst.filter(field => field in fields), ...Object.keys(fields)])
  const shown = [...names].slice(0, fieldsShownMax).map(field => [field, fields[field]] as const)
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
          {highlight !== undefined && highlight.fragments.length > 0 ? (
            <FragmentLine fragments={highlight.fragments} />
          ) : (
            <Shown text={passage?.text || text || ''} max={passageCharactersMax} />
          )}
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
