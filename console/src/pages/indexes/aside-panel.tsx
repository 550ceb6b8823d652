import type { AsideList, IndexDescription } from '@hypershard/contract'
import { useMemo } from 'preact/hooks'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { toldCount } from '../../parts/numbers.ts'
import { ProblemBox } from '../../parts/problem-box.tsx'
import { Shown } from '../../parts/shown.tsx'
import { useSession } from '../../state/session.ts'
import { useLoaded } from '../../state/use-loaded.ts'
import { documentHref } from './document-href.ts'

type SetAside = AsideList['documents'][number]

/** Documents that could not be encoded, and why. */
export function AsidePanel({ index: { name, manifest_version: version } }: { readonly index: IndexDescription }) {
  const { client } = useSession()
  const { value, error } = useLoaded(signal => client.listAside(name, { signal }), [client, name, version])
  const columns = useMemo(() => asideColumns(name), [name])
  return (
    <div class="stack">
      <p class="soft small">They are kept, and are not searched. Put again, they are tried again.</p>
      <ProblemBox error={error} what="The documents set aside" />
      {value !== undefined && (
        <DataTable
          label={`Documents of ${name} set aside`}
          columns={columns}
          rows={value.documents}
          keyOf={({ id }) => id}
          empty="Every document could be encoded."
        />
      )}
    </div>
  )
}

function asideColumns(index: string): Column<SetAside>[] {
  return [
    {
      name: 'id',
      title: 'Document',
      cell: ({ id }) => (
        <a class="mono" href={documentHref(index, id)}>
          <Shown text={id} max={80} />
        </a>
      ),
      sortBy: ({ id }) => id,
    },
    {
      name: 'title',
      title: 'Title',
      cell: ({ title }) => <Shown text={title} max={120} />,
      sortBy: ({ title }) => title,
    },
    {
      name: 'code',
      title: 'Problem',
      cell: ({ code }) => <span class="tag bad mono">{code}</span>,
      sortBy: ({ code }) => code,
    },
    { name: 'message', title: 'Why', cell: ({ message }) => <Shown text={message} max={500} /> },
    {
      name: 'version',
      title: 'Version',
      right: true,
      cell: ({ version }) => toldCount(version),
      sortBy: ({ version }) => version,
    },
  ]
}
