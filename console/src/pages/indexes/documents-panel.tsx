import type { IndexDescription, ListedDocument, SearchRequest } from '@hypershard/contract'
import { useMemo, useRef, useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { TextField } from '../../parts/fields.tsx'
import { toldCount } from '../../parts/numbers.ts'
import { ProblemBox } from '../../parts/problem-box.tsx'
import { Shown } from '../../parts/shown.tsx'
import { navigate } from '../../router/use-route.ts'
import { useSession } from '../../state/session.ts'
import { useLoaded } from '../../state/use-loaded.ts'
import { FilterBuilder } from '../lab/filter-builder.tsx'
import { documentHref } from './document-href.ts'

/** On a page; each text is shown by its beginning. */
const pageDocuments = 50
const beginningCharacters = 160

export interface DocumentsPanelProps {
  /** As much of it as the key may know. */
  readonly index: Pick<IndexDescription, 'name' | 'fields' | 'lexical'>
}

/** The documents of an index, page by page, those that pass a filter; or one by its id. */
export function DocumentsPanel({ index }: DocumentsPanelProps) {
  const { client } = useSession()
  const [filter, setFilter] = useState<SearchRequest['filter']>()
  /** Of the pages before, and of the one that is shown. */
  const [cursors, setCursors] = useState<readonly (string | undefined)[]>([undefined])
  const cursor = cursors.at(-1)
  const asked = JSON.stringify(filter, (_, value) => (typeof value === 'bigint' ? String(value) : value))
  const page = useLoaded(
    signal => {
      const request = {
        limit: pageDocuments,
        with: ['text' as const],
        ...(filter && { filter }),
        ...(cursor && { cursor }),
      }
      return client.listDocuments(index.name, request, { signal })
    },
    [client, index.name, asked, cursor],
  )
  const columns = useMemo(() => columnsOf(index.name), [index.name])
  // What was shown stays while the next is on its way, so that nothing jumps under who types a filter.
  const last = useRef(page.value)
  last.current = page.value ?? (page.error === undefined ? last.current : undefined)
  const shown = last.current
  const next = page.value?.next_cursor ?? undefined
  return (
    <div class="stack">
      <OpenById index={index.name} />
      <FilterBuilder
        fields={index.fields}
        words={index.lexical !== undefined}
        filter={filter}
        onFilter={given => {
          setFilter(given)
          setCursors([undefined])
        }}
      />
      <ProblemBox error={page.error} what="The documents" onRetry={() => setCursors([undefined])} />
      {shown === undefined && page.loading && <p class="empty">Asking the shards…</p>}
      {shown !== undefined && (
        <DataTable
          label={`Documents of ${index.name}`}
          columns={columns}
          rows={shown.documents}
          keyOf={({ id }) => id}
          empty={
            filter === undefined ? 'There is no document on this page.' : 'No document on this page passes the filter.'
          }
        />
      )}
      <div class="row">
        <Button onClick={() => setCursors(cursors.slice(0, -1))} disabled={cursors.length === 1}>
          Page before
        </Button>
        <Button onClick={() => setCursors([...cursors, next])} disabled={next === undefined}>
          Next page
        </Button>
        <span class="small soft" role="status">
          Page {cursors.length}
          {page.value !== undefined && `, of version ${toldCount(page.value.manifest_version)}, as files have them`}
        </span>
      </div>
    </div>
  )
}

function OpenById({ index }: { readonly index: string }) {
  const [id, setId] = useState('')
  return (
    <form
      class="row open-by-id"
      onSubmit={event => {
        event.preventDefault()
        if (id !== '') navigate(documentHref(index, id))
      }}
    >
      <TextField label="Document by its id" value={id} onValue={setId} />
      <Button type="submit" disabled={id === ''}>
        Open
      </Button>
    </form>
  )
}

function columnsOf(index: string): Column<ListedDocument>[] {
  return [
    {
      name: 'id',
      title: 'Document',
      cell: ({ id }) => (
        <a class="mono" href={documentHref(index, id)}>
          <Shown text={id} max={80} />
        </a>
      ),
    },
    { name: 'title', title: 'Title', cell: ({ title = '' }) => <Shown text={title} max={beginningCharacters} /> },
    { name: 'text', title: 'Text', cell: ({ text = '' }) => <Shown text={text} max={beginningCharacters} /> },
    { name: 'version', title: 'Version', right: true, cell: ({ version }) => toldCount(version) },
  ]
}
