import { useMemo } from 'preact/hooks'
import type { Page } from '../../app/page.ts'
import { Notice } from '../../parts/notice.tsx'
import { toldCount } from '../../parts/numbers.ts'
import { ProblemBox } from '../../parts/problem-box.tsx'
import { useSession } from '../../state/session.ts'
import { useLive } from '../../state/use-live.ts'
import { CallCounts } from './call-counts.tsx'
import { clusterSums } from './cluster-sums.ts'
import { ClusterWarnings } from './cluster-warnings.tsx'
import { EncodersTable } from './encoders-table.tsx'
import { MovesTable } from './moves-table.tsx'
import { type SeenCluster, seeCluster } from './see-cluster.ts'
import { ServersTable } from './servers-table.tsx'
import { ShardMatrix } from './shard-matrix.tsx'
import { shardRows } from './shard-rows.ts'

function ClusterPage() {
  const session = useSession()
  const live = useLive(signal => seeCluster(session, signal), [session.client])
  return (
    <>
      <header class="page-head">
        <h1 tabIndex={-1}>Cluster</h1>
        {live.value !== undefined && <SumsLine seen={live.value} />}
      </header>
      <Staleness seen={live.value} error={live.error} onRetry={live.refresh} />
      {live.value !== undefined && <ClusterParts seen={live.value} onChange={live.refresh} />}
      {live.value === undefined && live.error === undefined && <p class="empty">Asking the coordinator…</p>}
    </>
  )
}

function ClusterParts({ seen, onChange }: { readonly seen: SeenCluster; readonly onChange: () => void }) {
  const { cluster } = seen
  const rows = useMemo(() => shardRows(cluster), [cluster])
  return (
    <>
      <ClusterWarnings cluster={cluster} rows={rows} />
      <ServersTable servers={cluster.servers} onChange={onChange} />
      <MovesTable moves={cluster.moves} />
      <EncodersTable encoders={cluster.encoders} />
      <CallCounts seen={seen} />
      <ShardMatrix rows={rows} servers={cluster.servers} />
    </>
  )
}

function SumsLine({ seen: { cluster } }: { readonly seen: SeenCluster }) {
  const sums = useMemo(() => clusterSums(cluster, shardRows(cluster)), [cluster])
  const parts = [
    `${sums.serversLive} of ${sums.servers} servers live`,
    `${toldCount(sums.shardsServed)} of ${toldCount(sums.shards)} shards warm`,
    `${toldCount(sums.documents)} documents`,
    `${sums.encodersLive} of ${cluster.encoders.length} encoders live`,
    `membership view ${cluster.view}`,
  ]
  return <p class="soft small">{parts.join(' · ')}</p>
}

interface StalenessProps {
  readonly seen: SeenCluster | undefined
  readonly error: unknown
  readonly onRetry: () => void
}

/** That the coordinator itself does not answer; what it said last stays on the page, and is said to be old. */
function Staleness({ seen, error, onRetry }: StalenessProps) {
  if (error === undefined) return null
  return (
    <div class="stack">
      <ProblemBox error={error} what="The cluster" onRetry={onRetry} />
      {seen !== undefined && (
        <Notice tone="warn">What is shown here is of {new Date(seen.atMs).toLocaleTimeString('en-GB')}.</Notice>
      )}
    </div>
  )
}

export const clusterPage: Page = {
  name: 'cluster',
  title: 'Cluster',
  need: { scope: 'read', wholeCluster: true },
  component: ClusterPage,
}
