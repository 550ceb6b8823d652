import { Shown } from '../../parts/shown.tsx'
import { useSession } from '../../state/session.ts'
import { useLive } from '../../state/use-live.ts'

/** How far a drain is: who needs the server still, and whether it can be stopped. */
export function DrainProgress({ address }: { readonly address: string }) {
  const { client } = useSession()
  const { value, error } = useLive(signal => client.describeServer(address, { signal }), [client, address])
  if (value === undefined) {
    return error === undefined ? null : (
      <span class="small">
        <Shown text={error instanceof Error ? error.message : String(error)} max={200} />
      </span>
    )
  }
  const { needed_by: needed, shards_only_here: alone } = value
  if (needed === 0) return <span class="small soft">Nobody needs it: it can be stopped.</span>
  return (
    <span class="small soft">
      {needed} {needed === 1 ? 'coordinator needs' : 'coordinators need'} it; {alone}{' '}
      {alone === 1 ? 'shard is' : 'shards are'} nowhere else yet.
    </span>
  )
}
