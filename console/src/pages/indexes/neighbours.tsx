import type { SearchAnswer } from '@hypershard/contract'
import { toldScore } from '../../parts/numbers.ts'
import { ProblemBox } from '../../parts/problem-box.tsx'
import { Shown } from '../../parts/shown.tsx'
import { useSession } from '../../state/session.ts'
import { useLoaded } from '../../state/use-loaded.ts'
import { whyNot } from '../../state/why-not.ts'
import { documentHref } from './document-href.ts'

const shownMax = 10

/** What is near to a document: by its vector where the scorer is an inner product, else by its text. */
export function Neighbours({ index, id }: { readonly index: string; readonly id: string }) {
  const { client, access } = useSession()
  const refused = whyNot(access, { scope: 'search', keepsToFilter: true })
  const near = useLoaded(
    refused === undefined ? signal => client.search(index, { like: { id }, k: shownMax }, { signal }) : undefined,
    [client, index, id],
  )
  return (
    <section class="stack" aria-label="Neighbours">
      <h3>Neighbours</h3>
      {refused !== undefined && <p class="soft">{refused}</p>}
      {near.loading && <p class="soft">Searching…</p>}
      <ProblemBox error={near.error} what="Its neighbours" />
      {near.value !== undefined && <Hits answer={near.value} index={index} />}
    </section>
  )
}

function Hits({ answer: { hits }, index }: { readonly answer: SearchAnswer; readonly index: string }) {
  if (hits.length === 0) return <p class="soft">There is no other document.</p>
  return (
    <ol class="neighbours">
      {hits.map(({ id, score, title = '', text = '' }) => (
        <li key={id}>
          <span class="number soft">{toldScore(score)}</span>
          <a href={documentHref(index, id)}>
            <Shown text={title || text || id} max={120} />
          </a>
        </li>
      ))}
    </ol>
  )
}
