import type { IndexDescription } from '@hypershard/contract'
import { useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { ProblemBox } from '../../parts/problem-box.tsx'
import { Shown } from '../../parts/shown.tsx'
import { Tabs } from '../../parts/tabs.tsx'
import { hrefOf } from '../../router/hash-route.ts'
import { navigate } from '../../router/use-route.ts'
import { useSession } from '../../state/session.ts'
import { useLive } from '../../state/use-live.ts'
import { whyNot } from '../../state/why-not.ts'
import { labHref } from '../lab/lab-state.ts'
import { AsidePanel } from './aside-panel.tsx'
import { CloneDialog } from './clone-dialog.tsx'
import { DeleteIndexDialog } from './delete-index-dialog.tsx'
import { DocumentDrawer } from './document-drawer.tsx'
import { DocumentsPanel } from './documents-panel.tsx'
import { IndexFacts } from './index-facts.tsx'
import { SegmentsPanel } from './segments-panel.tsx'
import { SnapshotsPanel } from './snapshots-panel.tsx'

export interface IndexDetailProps {
  readonly name: string
  /** The id of one that is open. */
  readonly document: string | undefined
}

const lookMs = 3_000

/** One index: what it is, what is in it, and what may be done with it. */
export function IndexDetail({ name, document }: IndexDetailProps) {
  const { client } = useSession()
  const live = useLive(signal => client.describeIndex(name, { signal }), [client, name], { everyMs: lookMs })
  const { value: index } = live
  return (
    <>
      <header class="page-head">
        <h1 tabIndex={-1}>
          <a href={hrefOf('indexes')}>Indexes</a> <span class="soft">/</span> <Shown text={name} max={64} />
        </h1>
        {index !== undefined && <IndexActions index={index} onChange={live.refresh} />}
      </header>
      <ProblemBox error={live.error} what="The index" onRetry={live.refresh} />
      {index !== undefined && (
        <section class="panel" aria-label={`Index ${name}`}>
          <IndexTabs index={index} onChange={live.refresh} />
        </section>
      )}
      {document !== undefined && (
        <DocumentDrawer
          key={document}
          index={name}
          id={document}
          onClose={() => navigate(hrefOf('indexes', { index: name }))}
        />
      )}
    </>
  )
}

interface PartProps {
  readonly index: IndexDescription
  readonly onChange: () => void
}

function IndexTabs({ index, onChange }: PartProps) {
  return (
    <Tabs
      label={`Parts of ${index.name}`}
      tabs={[
        { name: 'facts', title: 'Overview', content: () => <IndexFacts index={index} /> },
        { name: 'documents', title: 'Documents', content: () => <DocumentsPanel index={index} /> },
        { name: 'segments', title: 'Segments', content: () => <SegmentsPanel index={index} /> },
        { name: 'aside', title: 'Set aside', content: () => <AsidePanel index={index} /> },
        { name: 'snapshots', title: 'Snapshots', content: () => <SnapshotsPanel index={index} onChange={onChange} /> },
      ]}
    />
  )
}

/** Where the index is used elsewhere, and what is done with it whole. */
function IndexActions({ index: { name }, onChange }: PartProps) {
  const { access } = useSession()
  const [open, setOpen] = useState<'clone' | 'delete'>()
  const refused = whyNot(access, { scope: 'admin' })
  const close = () => setOpen(undefined)
  const leave = () => navigate(hrefOf('indexes'))
  return (
    <div class="row">
      <a href={labHref({ index: name })}>Search it</a>
      <a href={hrefOf('jobs', { index: name })}>Its builds</a>
      {refused === undefined ? (
        <>
          <Button onClick={() => setOpen('clone')}>Clone</Button>
          <Button kind="danger" onClick={() => setOpen('delete')}>
            Delete
          </Button>
        </>
      ) : (
        <span class="small soft">Cloning and deleting: {refused}</span>
      )}
      {open === 'clone' && <CloneDialog index={name} onDone={onChange} onClose={close} />}
      {open === 'delete' && <DeleteIndexDialog name={name} onDone={leave} onClose={close} />}
    </div>
  )
}
