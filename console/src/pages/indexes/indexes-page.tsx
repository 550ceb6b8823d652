import type { Page, PageProps } from '../../app/page.ts'
import { ProblemBox } from '../../parts/problem-box.tsx'
import { useSession } from '../../state/session.ts'
import { useLive } from '../../state/use-live.ts'
import { AliasesPanel } from './aliases-panel.tsx'
import { FailedIndexes } from './failed-indexes.tsx'
import { IndexDetail } from './index-detail.tsx'
import { IndexesTable } from './indexes-table.tsx'
import { OwnIndexDetail, OwnIndexes } from './own-indexes.tsx'

/** Counts change with each commit; nobody waits for them. */
const lookMs = 3_000

function IndexesPage({ route }: PageProps) {
  const { access } = useSession()
  const index = route.parameters.get('index')
  if (index === null) return access.filtered ? <OwnIndexes /> : <AllIndexes />
  const Detail = access.filtered ? OwnIndexDetail : IndexDetail
  return <Detail key={index} name={index} document={route.parameters.get('document') ?? undefined} />
}

function AllIndexes() {
  const { client } = useSession()
  const live = useLive(signal => client.listIndexes({ signal }), [client], { everyMs: lookMs })
  const { value } = live
  return (
    <>
      <header class="page-head">
        <h1 tabIndex={-1}>Indexes</h1>
      </header>
      <ProblemBox error={live.error} what="The indexes" onRetry={live.refresh} />
      {value === undefined && live.error === undefined && <p class="empty">Asking the coordinator…</p>}
      {value !== undefined && (
        <>
          <FailedIndexes failed={value.failed} onChange={live.refresh} />
          <IndexesTable indexes={value.indexes} onChange={live.refresh} />
        </>
      )}
      <AliasesPanel indexes={value?.indexes.map(({ name }) => name) ?? []} />
    </>
  )
}

export const indexesPage: Page = {
  name: 'indexes',
  title: 'Indexes',
  need: { scope: 'read', keepsToFilter: true },
  component: IndexesPage,
}
