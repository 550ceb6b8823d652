import { useState } from 'preact/hooks'
import { Dialog } from '../../parts/dialog.tsx'
import { NumberField, TextField } from '../../parts/fields.tsx'
import { Shown } from '../../parts/shown.tsx'
import { useSession } from '../../state/session.ts'

export interface AddAliasDialogProps {
  /** Names to choose from. */
  readonly indexes: readonly string[]
  readonly onDone: () => void
  readonly onClose: () => void
}

/** Lets a name stand for an index, also one that stood for another. */
export function AddAliasDialog({ indexes, onDone, onClose }: AddAliasDialogProps) {
  const { client } = useSession()
  const [alias, setAlias] = useState('')
  const [index, setIndex] = useState('')
  const [generation, setGeneration] = useState<number>()
  const act = async () => {
    const target = { alias: alias.trim(), index: index.trim(), ...(generation !== undefined && { generation }) }
    await client.changeAliases([{ add: target }])
    onDone()
  }
  const empty = alias.trim() === '' || index.trim() === ''
  return (
    <Dialog title="Add or move an alias" act="Set" disabled={empty} onAct={act} onClose={onClose}>
      <p>Searches and writes take it wherever they take an index. If there is one of this name, it moves.</p>
      <TextField label="Alias" value={alias} onValue={setAlias} />
      <TextField label="Index" value={index} onValue={setIndex} suggestions={indexes} />
      <NumberField
        label="Generation"
        value={generation}
        onValue={setGeneration}
        min={1}
        placeholder="the one that the index stands for now"
      />
    </Dialog>
  )
}

export interface RemoveAliasDialogProps {
  readonly alias: string
  readonly onDone: () => void
  readonly onClose: () => void
}

export function RemoveAliasDialog({ alias, onDone, onClose }: RemoveAliasDialogProps) {
  const { client } = useSession()
  const act = async () => {
    await client.changeAliases([{ remove: { alias } }])
    onDone()
  }
  const title = (
    <>
      Remove <Shown text={alias} />?
    </>
  )
  return (
    <Dialog title={title} act="Remove" danger onAct={act} onClose={onClose}>
      <p>Whoever uses this name is answered that there is no such index. The documents stay.</p>
    </Dialog>
  )
}
