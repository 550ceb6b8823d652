import { useState } from 'preact/hooks'
import type { Page, PageProps } from '../../app/page.ts'
import { Notice } from '../../parts/notice.tsx'
import { navigate } from '../../router/use-route.ts'
import { useSession } from '../../state/session.ts'
import { Comparison } from './comparison.tsx'
import { LabForm } from './lab-form.tsx'
import { canSearch, type LabState, labHref, parseLab, requestOf } from './lab-state.ts'
import { RequestPanel } from './request-panel.tsx'
import { ResultFacets, ResultHead, ResultHits, ResultMore } from './search-result.tsx'
import { TimelineView } from './timeline-view.tsx'
import { type LabSearch, useLabSearch } from './use-lab-search.ts'

/** Searches one query in one way or two, and shows what came of it and how. The link holds all that was asked. */
function LabPage({ route }: PageProps) {
  const { state, faults } = parseLab(route.parameters)
  const [round, setRound] = useState(0)
  const search = (next: LabState) => {
    const href = labHref(next)
    // The same again is searched again.
    if (href === labHref(state)) setRound(now => now + 1)
    else navigate(href)
  }
  const again = () => setRound(now => now + 1)
  const [a, b] = [useSide(state, 'a', round), useSide(state, 'b', round)]
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Search lab</h1>
        <p class="soft">Ask an index, see what it finds, how, and how long each shard took.</p>
      </div>
      {faults.map(fault => (
        <Notice key={fault} tone="warn">
          {fault}
        </Notice>
      ))}
      <LabForm state={state} searching={a.searching || b.searching} onSearch={search} />
      {canSearch(state) && state.b === undefined && (
        <div class="panel">
          <ResultHead title="Hits" search={a} onRetry={again} />
          <div class={a.answer?.facets === undefined ? undefined : 'lab-found'}>
            <ResultFacets title="Facets" search={a} />
            <div class="stack">
              <ResultHits title="Hits" search={a} />
              <ResultMore search={a} />
            </div>
          </div>
        </div>
      )}
      {canSearch(state) && state.b !== undefined && <Comparison a={a} b={b} onRetry={again} />}
      <Profiles searches={state.b === undefined ? [a] : [a, b]} />
      {a.request !== undefined && (
        <section class="panel">
          <h2>The same from elsewhere</h2>
          <RequestPanel index={state.index} request={a.request} />
        </section>
      )}
    </>
  )
}

/** One of the two searches; none where the link does not ask for it. */
function useSide(state: LabState, side: 'a' | 'b', round: number): LabSearch {
  const { access } = useSession()
  const wanted = canSearch(state) && state[side] !== undefined
  // A key with a filter is told no servers, and so no profile.
  const request = wanted ? requestOf(state, { side, profile: !access.filtered }) : undefined
  return useLabSearch(state.index, request, round)
}

function Profiles({ searches }: { readonly searches: readonly LabSearch[] }) {
  return (
    <>
      {searches.map(({ answer }, at) =>
        answer?.profile === undefined ? null : (
          <section class="panel" key={at}>
            <h2>Where the time went{searches.length > 1 && ` · ${'AB'[at]}`}</h2>
            <TimelineView profile={answer.profile} tookMs={answer.took_ms} />
          </section>
        ),
      )}
    </>
  )
}

export const labPage: Page = {
  name: 'lab',
  title: 'Search lab',
  need: { scope: 'search', keepsToFilter: true },
  component: LabPage,
}
