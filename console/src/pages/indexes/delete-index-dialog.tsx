import { useState } from 'preact/hooks'
import { Dialog } from '../../parts/dialog.tsx'
import { CheckField } from '../../parts/fields.tsx'
import { Shown } from '../../parts/shown.tsx'
import { useSession } from '../../state/session.ts'
import { useLoaded } from '../../state/use-loaded.ts'

export interface DeleteIndexDialogProps {
  readonly name: string
  readonly onDone: () => void
  readonly onClose: () => void
}

/** Deletes an index with all its documents, once its name is typed. */
export function DeleteIndexDialog({ name, onDone, onClose }: DeleteIndexDialogProps) {
  const { client } = useSession()
  const table = useLoaded(signal => client.listAliases({ signal }), [client])
  const [withAliases, takeAliases] = useState(false)
  const aliases = (table.value?.aliases ?? []).filter(({ index, alias }) => index === name && alias !== name)
  const act = async () => {
    await client.deleteIndex(name, withAliases)
    onDone()
  }
  const title = (
    <>
      Delete <Shown text={name} />?
    </>
  )
  return (
    <Dialog title={title} act="Delete for good" danger typed={name} onAct={act} onClose={onClose}>
      <p>All its documents, generations and snapshots are deleted. This cannot be undone.</p>
      {aliases.length > 0 && (
        <CheckField
          label={
            <>
              Delete its aliases too: <Shown text={aliases.map(({ alias }) => alias).join(', ')} max={300} />. An index
              with aliases is kept otherwise.
            </>
          }
          value={withAliases}
          onValue={takeAliases}
        />
      )}
    </Dialog>
  )
}
