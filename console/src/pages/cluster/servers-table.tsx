import type { ServerDescription } from '@hypershard/contract'
import { type ServerState, serverStateOf } from '@hypershard/contract/server-state'
import { useMemo, useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { Meter } from '../../parts/meter.tsx'
import { toldBytes, toldCount } from '../../parts/numbers.ts'
import { Shown } from '../../parts/shown.tsx'
import { useSession } from '../../state/session.ts'
import { whyNot } from '../../state/why-not.ts'
import { DrainDialog } from './drain-dialog.tsx'
import { DrainProgress } from './drain-progress.tsx'

export interface ServersTableProps {
  readonly servers: readonly ServerDescription[]
  readonly onChange: () => void
}

const tones: Readonly<Record<ServerState, string>> = {
  live: 'good',
  joining: 'accent',
  leaving: 'warn',
  draining: 'warn',
  down: 'bad',
}

const toDrain = { scope: 'admin', wholeCluster: true } as const

/** The shard servers: whether they live, what they have, and draining them. */
export function ServersTable({ servers, onChange }: ServersTableProps) {
  const { access } = useSession()
  const [drained, drain] = useState<ServerDescription>()
  const refused = whyNot(access, toDrain)
  const columns = useMemo(() => columnsOf(refused === undefined ? drain : undefined), [refused])
  return (
    <section class="panel" aria-labelledby="servers-title">
      <div class="panel-head">
        <h2 id="servers-title">Shard servers</h2>
        {refused !== undefined && <span class="small soft">Draining servers: {refused}</span>}
      </div>
      <DataTable
        label="Shard servers"
        columns={columns}
        rows={servers}
        keyOf={({ address }) => address}
        empty="No shard server is known. HYPERSHARD_SHARD_SERVERS or a membership source names them."
      />
      {drained !== undefined && <DrainDialog server={drained} onDone={onChange} onClose={() => drain(undefined)} />}
    </section>
  )
}

function columnsOf(drain: ((server: ServerDescription) => void) | undefined): Column<ServerDescription>[] {
  const columns: Column<ServerDescription>[] = [
    {
      name: 'address',
      title: 'Server',
      cell: server => <ServerName server={server} />,
      sortBy: ({ address }) => address,
    },
    { name: 'state', title: 'State', cell: server => <StateCell server={server} />, sortBy: serverStateOf },
    {
      name: 'zone',
      title: 'Zone',
      cell: ({ zone }) => <Shown text={zone === '' ? '–' : zone} />,
      sortBy: ({ zone }) => zone,
    },
    { name: 'device', title: 'Device', cell: server => <DeviceCell server={server} />, sortBy: ({ device }) => device },
    { name: 'memory', title: 'Memory', cell: server => <MemoryCell server={server} />, sortBy: usedBytes },
    {
      name: 'load',
      title: 'Searches',
      right: true,
      cell: ({ outstanding }) => toldCount(outstanding),
      sortBy: ({ outstanding }) => outstanding,
    },
    { name: 'shards', title: 'Shards warm', right: true, cell: warmOf, sortBy: ({ shards }) => shards.length },
    {
      name: 'documents',
      title: 'Documents',
      right: true,
      cell: server => toldCount(documentsOn(server)),
      sortBy: documentsOn,
    },
    { name: 'weight', title: 'Weight', right: true, cell: ({ weight }) => weight, sortBy: ({ weight }) => weight },
    {
      name: 'version',
      title: 'Protocol',
      right: true,
      cell: ({ protocol_version: version }) => version ?? '–',
      sortBy: ({ protocol_version: version }) => version,
    },
  ]
  if (drain === undefined) return columns
  const act = (server: ServerDescription) => <DrainButton server={server} onClick={() => drain(server)} />
  return [...columns, { name: 'act', title: <span class="unseen">Actions</span>, right: true, cell: act }]
}

function ServerName({ server: { address } }: { readonly server: ServerDescription }) {
  return (
    <span class="mono">
      <Shown text={address} />
    </span>
  )
}

function StateCell({ server }: { readonly server: ServerDescription }) {
  const state = serverStateOf(server)
  const { down_since: since, down_reason: reason, address } = server
  return (
    <div class="server-state">
      <span class={`tag ${tones[state]}`}>{state}</span>
      {state === 'down' && (
        <span class="small soft">
          {since !== null && `since ${new Date(since).toLocaleTimeString('en-GB')}: `}
          <Shown text={reason ?? 'no reason is given'} max={200} />
        </span>
      )}
      {state === 'draining' && <DrainProgress address={address} />}
    </div>
  )
}

function DeviceCell({ server: { device, device_memory: memory } }: { readonly server: ServerDescription }) {
  if (device === null) return <span class="soft">–</span>
  if (memory === null) return <Shown text={device} />
  const { held_bytes: held, limit_bytes: limit, cpu_segments: left } = memory
  return (
    <div class="stack tight">
      <Shown text={device} />
      <Meter
        label={`Memory of ${device}`}
        value={held}
        max={limit}
        told={`${toldBytes(held)} of ${toldBytes(limit)}`}
      />
      {left > 0 && <span class="tag warn">{toldCount(left)} segments do not fit, and the CPU scores them</span>}
    </div>
  )
}

/** From so much of its memory on, a server has little room for shards that others lose. */
const fullShare = 0.9

function MemoryCell({ server }: { readonly server: ServerDescription }) {
  const { memory_bytes: all } = server
  const used = usedBytes(server)
  if (used === undefined || all === null) return <span class="soft">–</span>
  const told = `${toldBytes(used)} of ${toldBytes(all)}`
  return <Meter label={`Memory of ${server.address}`} value={used} max={all} told={told} warnFrom={fullShare} />
}

function DrainButton({ server, onClick }: { readonly server: ServerDescription; readonly onClick: () => void }) {
  const what = server.draining ? 'Undrain' : 'Drain'
  return (
    <Button onClick={onClick} disabled={!server.live} keepsFocus label={`${what} ${server.address}`}>
      {what}
    </Button>
  )
}

function usedBytes({ memory_bytes: all, memory_free_bytes: free }: ServerDescription): number | undefined {
  return all === null || free === null ? undefined : Math.max(0, all - free)
}

function warmOf({ shards }: ServerDescription): string {
  return `${toldCount(shards.filter(({ warm }) => warm).length)} of ${toldCount(shards.length)}`
}

function documentsOn({ shards }: ServerDescription): number {
  return shards.reduce((sum, { documents }) => sum + documents, 0)
}
