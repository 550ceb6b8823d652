import { useState } from 'preact/hooks'
import { Dialog } from '../../parts/dialog.tsx'
import { CheckField, TextField } from '../../parts/fields.tsx'
import { Shown } from '../../parts/shown.tsx'
import { useSession } from '../../state/session.ts'

interface IndexDialogProps {
  readonly index: string
  readonly onDone: () => void
  readonly onClose: () => void
}

type SnapshotDialogProps = IndexDialogProps & { readonly snapshot: string }

/** Gives the newest version of an index a name, and keeps it. */
export function TakeDialog({ index, onDone, onClose }: IndexDialogProps) {
  const { client } = useSession()
  const [name, setName] = useState('')
  const act = async () => {
    await client.takeSnapshot(index, name.trim())
    onDone()
  }
  return (
    <Dialog title="Take a snapshot" act="Take it" disabled={name.trim() === ''} onAct={act} onClose={onClose}>
      <TextField
        label="Name"
        value={name}
        onValue={setName}
        hint="1 to 64 of a-z 0-9 - _, beginning with a letter or digit"
      />
    </Dialog>
  )
}

/** Lets searches of an index see a snapshot of it. */
export function RestoreDialog({ index, snapshot, onDone, onClose }: SnapshotDialogProps) {
  const { client } = useSession()
  const [aliases, moveAliases] = useState(false)
  const act = async () => {
    await client.restoreSnapshot(index, snapshot, aliases)
    onDone()
  }
  const title = (
    <>
      Restore <Shown text={snapshot} />?
    </>
  )
  return (
    <Dialog title={title} act="Restore" danger onAct={act} onClose={onClose}>
      <p>
        Searches of <Shown text={index} /> see the snapshot, and what is written from then on. What was written since it
        was taken is not seen any more; rolling back, among the builds of the index, brings it back.
      </p>
      <CheckField label="Move along all aliases that stand for the same" value={aliases} onValue={moveAliases} />
    </Dialog>
  )
}

export function DeleteSnapshotDialog({ index, snapshot, onDone, onClose }: SnapshotDialogProps) {
  const { client } = useSession()
  const act = async () => {
    await client.deleteSnapshot(index, snapshot)
    onDone()
  }
  const title = (
    <>
      Delete <Shown text={snapshot} />?
    </>
  )
  return (
    <Dialog title={title} act="Delete for good" danger typed={snapshot} onAct={act} onClose={onClose}>
      <p>What only this snapshot needs is deleted after a while. The index stays as it is.</p>
    </Dialog>
  )
}
