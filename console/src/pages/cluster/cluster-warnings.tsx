import type { ClusterDescription } from '@hypershard/contract'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Notice } from '../../parts/notice.tsx'
import { toldBytes, toldCount } from '../../parts/numbers.ts'
import { Shown } from '../../parts/shown.tsx'
import type { ShardRow } from './shard-rows.ts'

export interface ClusterWarningsProps {
  readonly cluster: ClusterDescription
  readonly rows: readonly ShardRow[]
}

/** Of each kind; there may be thousands. */
const shownMax = 5

/** What keeps searches from being whole, or writes from being found. */
export function ClusterWarnings({ cluster, rows }: ClusterWarningsProps) {
  const { servers, unplaced, indexes_without_model: unserved } = cluster
  const announced = useDeaths(servers)
  const unread = rows.filter(({ served, documents }) => !served && documents > 0)
  return (
    <>
      <p class="unseen" role="status">
        {announced}
      </p>
      {unread.length > 0 && (
        <Notice tone="bad">
          No live server has {unread.length === 1 ? 'one shard' : `${toldCount(unread.length)} shards`} loaded: searches
          of <Shown text={namesOf(unread)} /> are not whole.
        </Notice>
      )}
      {unplaced.slice(0, shownMax).map(({ index, generation, shard, needed_bytes, placed, replicas }) => (
        <Notice key={`${index}/${generation}/${shard}`} tone="bad">
          No room for shard {shard} of <Shown text={index} />, about {toldBytes(needed_bytes)}: {placed} of {replicas}{' '}
          servers have the memory. Add shard servers or raise HYPERSHARD_SHARD_MEMORY_BYTES.
        </Notice>
      ))}
      <More count={unplaced.length - shownMax} what="shards without room" />
      {(unserved ?? []).slice(0, shownMax).map(({ index, generation, message }) => (
        <Notice key={`${index}/${generation}`} tone="bad">
          <Shown text={message} max={1_000} />
        </Notice>
      ))}
      <More count={(unserved ?? []).length - shownMax} what="indexes without their model" />
    </>
  )
}

function More({ count, what }: { readonly count: number; readonly what: string }) {
  return count > 0 ? (
    <Notice tone="bad">
      And {toldCount(count)} more {what}.
    </Notice>
  ) : null
}

function namesOf(rows: readonly ShardRow[]): string {
  const names = [...new Set(rows.map(({ index }) => index))]
  const others = names.length - shownMax
  return names.slice(0, shownMax).join(', ') + (others > 0 ? ` and ${toldCount(others)} more indexes` : '')
}

/** For readers of the screen: which servers went or came since the page is open. */
function useDeaths(servers: ClusterDescription['servers']): string {
  const known = useRef<ReadonlyMap<string, boolean>>(new Map())
  const [told, tell] = useState('')
  useEffect(() => {
    const now = new Map(servers.map(({ address, live }) => [address, live]))
    const changed = [...now].filter(([address, live]) => (known.current.get(address) ?? live) !== live)
    known.current = now
    if (changed.length === 0) return
    tell(changed.map(([address, live]) => `${address} is ${live ? 'live again' : 'down'}`).join(', '))
  }, [servers])
  return told
}
