import type { IndexDescription } from '@hypershard/contract'
import { useMemo, useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { toldCount } from '../../parts/numbers.ts'
import { Shown } from '../../parts/shown.tsx'
import { hrefOf } from '../../router/hash-route.ts'
import { useSession } from '../../state/session.ts'
import { whyNot } from '../../state/why-not.ts'
import { CreateDialog } from './create-dialog.tsx'

export interface IndexesTableProps {
  readonly indexes: readonly IndexDescription[]
  readonly onChange: () => void
}

/** All indexes of the key, and a way to make one. */
export function IndexesTable({ indexes, onChange }: IndexesTableProps) {
  const { access } = useSession()
  const [creating, create] = useState(false)
  const refused = whyNot(access, { scope: 'admin' })
  const columns = useMemo(indexColumns, [])
  return (
    <section class="panel" aria-labelledby="indexes-title">
      <div class="panel-head">
        <h2 id="indexes-title">All indexes</h2>
        {refused === undefined ? (
          <Button kind="primary" onClick={() => create(true)}>
            Create an index
          </Button>
        ) : (
          <span class="small soft">Creating one: {refused}</span>
        )}
      </div>
      <DataTable
        label="All indexes"
        columns={columns}
        rows={indexes}
        keyOf={({ name }) => name}
        empty="There is no index that your key may read."
      />
      {creating && <CreateDialog onDone={onChange} onClose={() => create(false)} />}
    </section>
  )
}

function indexColumns(): Column<IndexDescription>[] {
  const counted = (name: keyof IndexDescription & `documents${string}`, title: string, warns = false) => ({
    name,
    title,
    right: true,
    cell: (index: IndexDescription) => <Counted count={Number(index[name])} warns={warns} />,
    sortBy: (index: IndexDescription) => Number(index[name]),
  })
  return [
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
    counted('documents', 'Documents'),
    counted('documents_aside', 'Set aside', true),
    counted('documents_truncated', 'Truncated'),
    counted('documents_unreadable', 'Unreadable', true),
    {
      name: 'segments',
      title: 'Segments',
      right: true,
      cell: ({ segments }) => toldCount(segments),
      sortBy: ({ segments }) => segments,
    },
    {
      name: 'shards',
      title: 'Shards × replicas',
      right: true,
      cell: ({ shards, replicas }) => `${shards} × ${replicas}`,
      sortBy: ({ shards }) => shards,
    },
    {
      name: 'model',
      title: 'Model',
      cell: ({ model }) => <Shown text={model.name} max={64} />,
      sortBy: ({ model }) => model.name,
    },
    {
      name: 'generation',
      title: 'Generation',
      right: true,
      cell: ({ generation }) => generation,
      sortBy: ({ generation }) => generation,
    },
  ]
}

function Counted({ count, warns }: { readonly count: number; readonly warns: boolean }) {
  if (count === 0) return <span class="soft">0</span>
  return warns ? <span class="tag warn">{toldCount(count)}</span> : <span>{toldCount(count)}</span>
}
