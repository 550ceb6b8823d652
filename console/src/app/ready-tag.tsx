import { useSession } from '../state/session.ts'
import { useLive } from '../state/use-live.ts'

const everyMs = 2_000

/** Whether every shard has a live server and the encoder answers, as it is now. */
export function ReadyTag() {
  const { client } = useSession()
  const { value, error } = useLive(
    async signal => {
      await client.requireReady({ signal })
      return true
    },
    [client],
    { everyMs },
  )
  if (error !== undefined) {
    return (
      <span class="tag warn" role="status" title={error instanceof Error ? error.message : String(error)}>
        not ready
      </span>
    )
  }
  return value === undefined ? null : (
    <span class="tag good" role="status" title="Every shard has a live server, and the encoder answers">
      ready
    </span>
  )
}
