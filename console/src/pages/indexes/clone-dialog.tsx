import { replicasMax } from '@hypershard/contract/limits'
import { useState } from 'preact/hooks'
import { Dialog } from '../../parts/dialog.tsx'
import { NumberField, TextField } from '../../parts/fields.tsx'
import { Shown } from '../../parts/shown.tsx'
import { hrefOf } from '../../router/hash-route.ts'
import { navigate } from '../../router/use-route.ts'
import { useSession } from '../../state/session.ts'

export interface CloneDialogProps {
  readonly index: string
  /** As the index is now, when left out. */
  readonly snapshot?: string
  readonly onDone: () => void
  readonly onClose: () => void
}

/** Makes an index that begins as another, and goes to it. */
export function CloneDialog({ index, snapshot, onDone, onClose }: CloneDialogProps) {
  const { client } = useSession()
  const [name, setName] = useState('')
  const [replicas, setReplicas] = useState<number>()
  const act = async () => {
    const request = {
      name: name.trim(),
      ...(snapshot !== undefined && { snapshot }),
      ...(replicas !== undefined && { replicas }),
    }
    const made = await client.cloneIndex(index, request)
    onDone()
    navigate(hrefOf('indexes', { index: made.name }))
  }
  const title = (
    <>
      Clone <Shown text={snapshot ?? index} />
    </>
  )
  return (
    <Dialog title={title} act="Clone" disabled={name.trim() === ''} onAct={act} onClose={onClose}>
      <p>No document is copied: the two share files, so that the first cannot be deleted before its clone.</p>
      <TextField
        label="Name of the new index"
        value={name}
        onValue={setName}
        hint="1 to 64 of a-z 0-9 - _, beginning with a letter or digit"
      />
      <NumberField
        label="Replicas"
        value={replicas}
        onValue={setReplicas}
        min={1}
        max={replicasMax}
        placeholder="as many as now"
      />
    </Dialog>
  )
}
