import { useState } from 'preact/hooks'
import { Dialog } from '../../parts/dialog.tsx'
import { CheckField } from '../../parts/fields.tsx'
import { Shown } from '../../parts/shown.tsx'
import { useSession } from '../../state/session.ts'

interface SwitchProps {
  readonly index: string
  readonly onDone: () => void
  readonly onClose: () => void
}

/** Lets searches of an index use a build that has caught up. */
export function PromoteDialog({ index, generation, onDone, onClose }: SwitchProps & { readonly generation: number }) {
  const { client } = useSession()
  const [aliases, moveAliases] = useState(false)
  const act = async () => {
    await client.promoteGeneration(index, generation, aliases)
    onDone()
  }
  return (
    <Dialog title={`Promote generation ${generation}?`} act="Promote" onAct={act} onClose={onClose}>
      <p>
        Searches of <Shown text={index} /> use it from then on. The generation before stays and follows the writes, so
        that you can roll back, until it is dropped.
      </p>
      <CheckField label="Move along all aliases that stand for the same" value={aliases} onValue={moveAliases} />
    </Dialog>
  )
}

/** Lets searches of an index use the build again that they used before. */
export function RollBackDialog({ index, onDone, onClose }: SwitchProps) {
  const { client } = useSession()
  const [aliases, moveAliases] = useState(false)
  const act = async () => {
    await client.rollBack(index, aliases)
    onDone()
  }
  return (
    <Dialog title="Roll back?" act="Roll back" danger onAct={act} onClose={onClose}>
      <p>
        Searches of <Shown text={index} /> use the generation again that they used before the last move. It has followed
        the writes since, so that none is lost.
      </p>
      <CheckField label="Move along all aliases that stand for the same" value={aliases} onValue={moveAliases} />
    </Dialog>
  )
}

type EndProps = SwitchProps & { readonly generation: number; readonly how: 'cancel' | 'drop' }

/** Gives up a build: one that is under way, or one that is finished and that nothing needs. */
export function EndDialog({ index, generation, how, onDone, onClose }: EndProps) {
  const { client } = useSession()
  const act = async () => {
    await (how === 'cancel' ? client.cancelGeneration(index, generation) : client.dropGeneration(index, generation))
    onDone()
  }
  const what = how === 'cancel' ? 'Give up' : 'Drop'
  return (
    <Dialog title={`${what} generation ${generation}?`} act={what} danger onAct={act} onClose={onClose}>
      <p>
        {how === 'cancel'
          ? 'What it has copied is deleted after a while, and it cannot be taken up again.'
          : 'Its files are deleted after a while. You cannot roll back to it any more.'}
      </p>
    </Dialog>
  )
}
