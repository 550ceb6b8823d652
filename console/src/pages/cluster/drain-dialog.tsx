import type { ServerDescription } from '@hypershard/contract'
import { Dialog } from '../../parts/dialog.tsx'
import { Shown } from '../../parts/shown.tsx'
import { useSession } from '../../state/session.ts'
import { useLoaded } from '../../state/use-loaded.ts'

export interface DrainDialogProps {
  readonly server: ServerDescription
  readonly onDone: () => void
  readonly onClose: () => void
}

/** Asks before a server is drained, or taken back. */
export function DrainDialog({ server: { address, draining, shards }, onDone, onClose }: DrainDialogProps) {
  const { client } = useSession()
  const { value } = useLoaded(signal => client.describeServer(address, { signal }), [client, address])
  const alone = value?.shards_only_here ?? 0
  const act = async () => {
    await (draining ? client.undrainServer(address) : client.drainServer(address))
    onDone()
  }
  const title = (
    <>
      {draining ? 'Undrain' : 'Drain'} <Shown text={address} />?
    </>
  )
  return (
    <Dialog title={title} act={draining ? 'Undrain' : 'Drain'} danger={!draining} onAct={act} onClose={onClose}>
      {draining ? (
        <p>It holds shards again, and is asked by searches.</p>
      ) : (
        <>
          <p>
            Other servers load its {shards.length} {shards.length === 1 ? 'shard' : 'shards'}, and searches ask it no
            more once they have. It goes on running; the table tells when it can be stopped.
          </p>
          {alone > 0 && (
            <p class="note warn">
              {alone} of them {alone === 1 ? 'is' : 'are'} on no other live server now. It serves{' '}
              {alone === 1 ? 'this one' : 'these'} until another has loaded {alone === 1 ? 'it' : 'them'}.
            </p>
          )}
        </>
      )}
    </Dialog>
  )
}
