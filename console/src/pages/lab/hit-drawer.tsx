import type { Hit } from '@hypershard/contract'
import { useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { DocumentFields } from '../../parts/document-fields.tsx'
import { Drawer } from '../../parts/drawer.tsx'
import { toldBytes, toldScore } from '../../parts/numbers.ts'
import { Shown } from '../../parts/shown.tsx'
import { useRoute } from '../../router/use-route.ts'
import { useSession } from '../../state/session.ts'
import { cutAtPassage } from './cut-at-passage.ts'
import { withLike } from './expression-draft.ts'
import { FragmentList } from './fragments.tsx'
import { labHref, parseLab } from './lab-state.ts'
import { LeafScores, type Leaves } from './leaf-scores.tsx'

export interface HitDrawerProps {
  readonly hit: Hit
  readonly rank: number
  /** Of a composed query. */
  readonly leaves: Leaves | undefined
  readonly onClose: () => void
}

/** One hit whole: its scores, its text with the passage that found it, its fields. */
export function HitDrawer({ hit, rank, leaves, onClose }: HitDrawerProps) {
  const { id, title, fields } = hit
  return (
    <Drawer title={<Shown text={title || id} max={300} />} label={`Hit ${rank}`} onClose={onClose}>
      <dl class="facts">
        <dt>Document</dt>
        <dd class="mono">
          <Shown text={id} />
        </dd>
        <dt>Rank</dt>
        <dd class="number">{rank}</dd>
        <dt>Score</dt>
        <dd class="number">{toldScore(hit.score)}</dd>
        {hit.rerank_score !== undefined && (
          <>
            <dt>By the cross-encoder</dt>
            <dd class="number">{toldScore(hit.rerank_score)}</dd>
          </>
        )}
        {hit.estimate !== undefined && (
          <>
            <dt>By the tangent</dt>
            <dd class="number">{toldScore(hit.estimate)}</dd>
          </>
        )}
        {hit.scores !== undefined && (
          <>
            <dt>By the q-net, by words</dt>
            <dd class="number">
              {toldScore(hit.scores.qnet)}, {toldScore(hit.scores.lexical)}
            </dd>
          </>
        )}
      </dl>
      {leaves !== undefined && <LeafScores hit={hit} leaves={leaves} />}
      {hit.highlight !== undefined && <FragmentList highlight={hit.highlight} />}
      {fields !== undefined && <DocumentFields fields={fields} />}
      <HitText hit={hit} />
      <Feedback id={id} />
    </Drawer>
  )
}

/** Searches the same again, with this document beside it. A coordinator composes nothing for a key with a filter. */
function Feedback({ id }: { readonly id: string }) {
  const { access } = useSession()
  const { state } = parseLab(useRoute().parameters)
  if (access.filtered) return null
  const href = (not: boolean) => labHref({ ...state, query: withLike(state.query, id, { not }) })
  return (
    <div class="row">
      <a class="button" href={href(false)}>
        More like this
      </a>
      <a class="button" href={href(true)}>
        Less like this
      </a>
    </div>
  )
}

/** A text of a megabyte takes a browser a while: it begins with so much of it. */
const textCharactersMax = 20_000

function HitText({ hit }: { readonly hit: Hit }) {
  const [whole, setWhole] = useState(false)
  const { text = '', passage } = hit
  if (text === '') return null
  const parts = cutAtPassage(text, passage, whole ? Number.POSITIVE_INFINITY : textCharactersMax)
  return (
    <section class="stack">
      <h3>Text{passage !== undefined && <span class="soft"> · the passage that scored best is marked</span>}</h3>
      <p class="hit-text" dir="auto">
        <Shown text={parts.before} />
        {parts.passage !== '' && (
          <mark>
            <Shown text={parts.passage} />
          </mark>
        )}
        <Shown text={parts.after} />
      </p>
      {parts.cut && (
        <div class="row">
          <Button onClick={() => setWhole(true)}>Show all of it ({toldBytes(text.length)})</Button>
        </div>
      )}
    </section>
  )
}
