import { useMemo, useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { TextField } from '../../parts/fields.tsx'
import { toldCount } from '../../parts/numbers.ts'
import { ProblemBox } from '../../parts/problem-box.tsx'
import { Shown } from '../../parts/shown.tsx'
import { hrefOf } from '../../router/hash-route.ts'
import { navigate } from '../../router/use-route.ts'
import { useSession } from '../../state/session.ts'
import { useLoaded } from '../../state/use-loaded.ts'
import { labHref } from '../lab/lab-state.ts'
import { DocumentDrawer } from './document-drawer.tsx'
import { DocumentsPanel } from './documents-panel.tsx'
import { namedIndexes, type OwnIndex, seeOwnDocuments } from './own-documents.ts'

/** The indexes of a key with a filter: for it there are no documents but its own, and nothing of the index itself. */
export function OwnIndexes() {
  const { client, access } = useSession()
  const { names, patterns } = useMemo(() => namedIndexes(access), [access])
  const seen = useLoaded(signal => seeOwnDocuments({ client }, names, signal), [client, names])
  return (
    <>
      <header class="page-head">
        <h1 tabIndex={-1}>Indexes</h1>
        <p class="soft small">Your key has a filter: you see the documents that pass it, and no others.</p>
      </header>
      <section class="panel" aria-labelledby="own-title">
        <h2 id="own-title">Your documents</h2>
        {names.length > 0 && (
          <DataTable
            label="Your documents"
            columns={ownColumns}
            rows={seen.value ?? names.map(name => ({ name, documents: undefined, error: undefined }))}
            keyOf={({ name }) => name}
          />
        )}
        {patterns.length > 0 && <OpenByName patterns={patterns} />}
      </section>
    </>
  )
}

function OpenByName({ patterns }: { readonly patterns: readonly string[] }) {
  const [name, setName] = useState('')
  return (
    <form
      class="row open-by-id"
      onSubmit={event => {
        event.preventDefault()
        if (name.trim() !== '') navigate(hrefOf('indexes', { index: name.trim() }))
      }}
    >
      <TextField
        label="Index by its name"
        hint={
          <>
            Your key is for <Shown text={patterns.join(', ')} max={200} />.
          </>
        }
        value={name}
        onValue={setName}
      />
      <Button type="submit" disabled={name.trim() === ''}>
        Open
      </Button>
    </form>
  )
}

const ownColumns: readonly Column<OwnIndex>[] = [
  {
    name: 'name',
    title: 'Index',
    cell: ({ name }) => (
      <a href={hrefOf('indexes', { index: name })}>
        <Shown text={name} />
      </a>
    ),
    sortBy: ({ name }) => name,
  },
  {
    name: 'documents',
    title: 'Your documents',
    right: true,
    cell: ({ documents }) => (documents === undefined ? '–' : toldCount(documents)),
    sortBy: ({ documents }) => documents,
  },
  {
    name: 'error',
    title: 'Problem',
    cell: ({ error }) =>
      error === undefined ? (
        <span class="soft">–</span>
      ) : (
        <Shown text={error instanceof Error ? error.message : String(error)} max={300} />
      ),
  },
]

/** One index for a key with a filter: how many of its documents are the key's, and these. */
export function OwnIndexDetail({ name, document }: { readonly name: string; readonly document: string | undefined }) {
  const { client, may } = useSession()
  const counted = useLoaded(signal => client.countDocuments(name, {}, { signal }), [client, name])
  const back = () => navigate(hrefOf('indexes', { index: name }))
  return (
    <>
      <header class="page-head">
        <h1 tabIndex={-1}>
          <a href={hrefOf('indexes')}>Indexes</a> <span class="soft">/</span> <Shown text={name} max={64} />
        </h1>
        <div class="row">
          {counted.value !== undefined && (
            <span class="small soft" role="status">
              {toldCount(counted.value.count)} of its documents are yours
            </span>
          )}
          {may({ scope: 'search', keepsToFilter: true }) && <a href={labHref({ index: name })}>Search it</a>}
        </div>
      </header>
      <ProblemBox error={counted.error} what="The index" />
      <section class="panel" aria-label={`Index ${name}`}>
        <h2>Documents</h2>
        <DocumentsPanel index={{ name, fields: {} }} />
      </section>
      {document !== undefined && <DocumentDrawer key={document} index={name} id={document} onClose={back} />}
    </>
  )
}
