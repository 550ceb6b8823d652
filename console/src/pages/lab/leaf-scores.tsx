import type { Hit } from '@hypershard/contract'
import { Shown } from '../../parts/shown.tsx'
import { type LabQuery, leafAt } from './expression-draft.ts'

/** The leaves of a composed query, in the order of the answer. */
export interface Leaves {
  readonly paths: readonly string[]
  readonly query: LabQuery
}

const leafCharactersMax = 60

/** Deviations above the mean at which a bar is full; what a query is about has 3 and more. */
const fullDeviations = 6

/** Which leaf gave a hit its place, in a word or two. */
export function LeafTag({ hit, leaves }: { readonly hit: Hit; readonly leaves: Leaves }) {
  const path = leaves.paths[hit.leaf ?? -1]
  if (path === undefined) return null
  return (
    <span class="tag accent" title={`by ${path}`}>
      <Shown text={leafAt(leaves.query, path)} max={leafCharactersMax} />
    </span>
  )
}

/** What each leaf says of a document, in deviations above its mean. */
export function LeafScores({ hit, leaves }: { readonly hit: Hit; readonly leaves: Leaves }) {
  if (hit.leaf_scores === undefined) return null
  return (
    <section class="stack">
      <h3>
        What each leaf says{' '}
        <span class="soft">· in deviations above its mean; the one that gave it its place is marked</span>
      </h3>
      <ul class="stack leaf-scores">
        {leaves.paths.map((path, at) => (
          <li key={path} class={at === hit.leaf ? 'leaf-score chosen' : 'leaf-score'}>
            <span>
              <Shown text={leafAt(leaves.query, path)} max={200} /> <span class="small soft mono">{path}</span>
            </span>
            <LeafBar score={hit.leaf_scores?.[at] ?? null} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function LeafBar({ score }: { readonly score: number | null }) {
  const share = score === null ? 0 : Math.min(1, Math.max(0, score / fullDeviations))
  return (
    <span class="leaf-bar">
      <span class="hit-bar" aria-hidden="true">
        <span style={{ width: `${100 * share}%` }} />
      </span>
      <span class="number">{score === null ? 'not finite' : score.toFixed(2)}</span>
    </span>
  )
}
