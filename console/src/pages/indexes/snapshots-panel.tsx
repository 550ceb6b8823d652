import type { IndexDescription, SnapshotDescription } from '@hypershard/contract'
import { useMemo, useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { toldCount } from '../../parts/numbers.ts'
import { ProblemBox } from '../../parts/problem-box.tsx'
import { Shown } from '../../parts/shown.tsx'
import { useSession } from '../../state/session.ts'
import { useLive } from '../../state/use-live.ts'
import { whyNot } from '../../state/why-not.ts'
import { CloneDialog } from './clone-dialog.tsx'
import { DeleteSnapshotDialog, RestoreDialog, TakeDialog } from './snapshot-dialogs.tsx'

export interface SnapshotsPanelProps {
  readonly index: IndexDescription
  /** The index stands for something else now. */
  readonly onChange: () => void
}

/** The snapshots of an index. Reading them is an administrator's too. */
export function SnapshotsPanel({ index, onChange }: SnapshotsPanelProps) {
  const { access } = useSession()
  const refused = whyNot(access, { scope: 'admin' })
  if (refused !== undefined) return <p class="soft">{refused}</p>
  return <Snapshots index={index} onChange={onChange} />
}

const lookMs = 5_000

interface Opened {
  readonly what: 'restore' | 'clone' | 'delete'
  readonly snapshot: string
}

function Snapshots({ index: { name }, onChange }: SnapshotsPanelProps) {
  const { client } = useSession()
  const live = useLive(signal => client.listSnapshots(name, { signal }), [client, name], { everyMs: lookMs })
  const [taking, take] = useState(false)
  const [opened, open] = useState<Opened>()
  const columns = useMemo(() => snapshotColumns(open), [])
  const close = () => open(undefined)
  return (
    <div class="stack">
      <div class="row">
        <Button kind="primary" onClick={() => take(true)}>
          Take a snapshot
        </Button>
      </div>
      <ProblemBox error={live.error} what="The snapshots" onRetry={live.refresh} />
      {live.value !== undefined && (
        <DataTable
          label={`Snapshots of ${name}`}
          columns={columns}
          rows={live.value.snapshots}
          keyOf={snapshot => snapshot.name}
          empty="There is no snapshot. One shares its files with the index, and takes a moment."
        />
      )}
      {taking && <TakeDialog index={name} onDone={live.refresh} onClose={() => take(false)} />}
      {opened?.what === 'restore' && (
        <RestoreDialog index={name} snapshot={opened.snapshot} onDone={onChange} onClose={close} />
      )}
      {opened?.what === 'clone' && (
        <CloneDialog index={name} snapshot={opened.snapshot} onDone={onChange} onClose={close} />
      )}
      {opened?.what === 'delete' && (
        <DeleteSnapshotDialog index={name} snapshot={opened.snapshot} onDone={live.refresh} onClose={close} />
      )}
    </div>
  )
}

function snapshotColumns(open: (opened: Opened) => void): Column<SnapshotDescription>[] {
  return [
    { name: 'name', title: 'Snapshot', cell: ({ name }) => <Shown text={name} />, sortBy: ({ name }) => name },
    {
      name: 'documents',
      title: 'Documents',
      right: true,
      cell: ({ documents }) => toldCount(documents),
      sortBy: ({ documents }) => documents,
    },
    { name: 'generation', title: 'Generation', right: true, cell: ({ generation }) => generation },
    { name: 'model', title: 'Model', cell: ({ model }) => <Shown text={model.name} max={64} /> },
    {
      name: 'created',
      title: 'Taken',
      cell: snapshot => new Date(snapshot.created_at).toLocaleString('en-GB'),
      sortBy: snapshot => snapshot.created_at,
    },
    {
      name: 'act',
      title: <span class="unseen">Actions</span>,
      cell: ({ name }) => (
        <div class="row end nowrap">
          <Button label={`Restore ${name}`} onClick={() => open({ what: 'restore', snapshot: name })}>
            Restore
          </Button>
          <Button label={`Clone ${name}`} onClick={() => open({ what: 'clone', snapshot: name })}>
            Clone
          </Button>
          <Button kind="danger" label={`Delete ${name}`} onClick={() => open({ what: 'delete', snapshot: name })}>
            Delete
          </Button>
        </div>
      ),
    },
  ]
}
