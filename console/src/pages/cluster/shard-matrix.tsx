import type { ServerDescription } from '@hypershard/contract'
import { useMemo, useState } from 'preact/hooks'
import { CheckField, SelectField } from '../../parts/fields.tsx'
import { toldCount } from '../../parts/numbers.ts'
import { Shown } from '../../parts/shown.tsx'
import { VirtualList } from '../../parts/virtual-list.tsx'
import { type CellState, isSettled, type ShardRow } from './shard-rows.ts'

export interface ShardMatrixProps {
  readonly rows: readonly ShardRow[]
  readonly servers: readonly ServerDescription[]
}

const rowHeight = 30

/** Told by a sign too, for who does not tell the colours apart. */
const cells: Readonly<Record<CellState, { readonly sign: string; readonly means: string }>> = {
  warm: { sign: '●', means: 'loaded' },
  loading: { sign: '◐', means: 'being loaded' },
  waiting: { sign: '○', means: 'waits to be loaded' },
  failed: { sign: '✕', means: 'could not be loaded' },
  cold: { sign: '○', means: 'not loaded' },
  leaving: { sign: '↗', means: 'loaded, and moving away' },
  down: { sign: '!', means: 'its server is down' },
}

const legend = ['warm', 'loading', 'waiting', 'failed', 'leaving', 'down'] as const

/** Every shard, and how it is on every server. */
export function ShardMatrix({ rows, servers }: ShardMatrixProps) {
  const [index, chooseIndex] = useState('')
  const [unsettled, onlyUnsettled] = useState(false)
  const indexes = useMemo(() => [...new Set(rows.map(row => row.index))], [rows])
  const shown = useMemo(
    () => rows.filter(row => (index === '' || row.index === index) && !(unsettled && isSettled(row))),
    [rows, index, unsettled],
  )
  const options = [{ value: '', label: 'All indexes' }, ...indexes.map(name => ({ value: name, label: name }))]
  return (
    <section class="panel" aria-labelledby="shards-title">
      <div class="panel-head">
        <h2 id="shards-title">Shards</h2>
        <span class="small soft">
          {toldCount(shown.length)} of {toldCount(rows.length)}
        </span>
      </div>
      <div class="row matrix-choice">
        <SelectField label="Index" value={index} onValue={chooseIndex} options={options} />
        <CheckField label="Only those that are not where they are to be" value={unsettled} onValue={onlyUnsettled} />
      </div>
      <Signs />
      {shown.length === 0 ? (
        <p class="empty">{rows.length === 0 ? 'There are no shards yet.' : 'No shard is like that.'}</p>
      ) : (
        <Matrix rows={shown} servers={servers} />
      )}
    </section>
  )
}

function Signs() {
  return (
    <ul class="legend" aria-label="Signs">
      {legend.map(state => (
        <li key={state}>
          <span class={`cell ${state}`} aria-hidden="true">
            {cells[state].sign}
          </span>
          {cells[state].means}
        </li>
      ))}
    </ul>
  )
}

function Matrix({ rows, servers }: ShardMatrixProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reached by keyboard
    <section class="matrix" aria-label="Shards by server" tabIndex={0}>
      <div class="matrix-row matrix-head" aria-hidden="true" style={{ '--servers': servers.length }}>
        <span>Index</span>
        <span class="right">Gen.</span>
        <span class="right">Shard</span>
        <span class="right">Documents</span>
        {servers.map(({ address }) => (
          <span key={address} class="matrix-server" title={address}>
            <Shown text={shortAddress(address)} />
          </span>
        ))}
      </div>
      <VirtualList
        label="Shards"
        count={rows.length}
        rowHeight={rowHeight}
        keyOf={at => rows[at]?.key ?? ''}
        row={at => rows[at] && <MatrixRow row={rows[at]} servers={servers} />}
      />
    </section>
  )
}

function MatrixRow({ row, servers }: { readonly row: ShardRow; readonly servers: readonly ServerDescription[] }) {
  return (
    <div class={row.served ? 'matrix-row' : 'matrix-row unserved'} style={{ '--servers': servers.length }}>
      <span class="matrix-name">
        <Shown text={row.index} />
      </span>
      <span class="right number soft">
        <span class="unseen">generation </span>
        {row.generation}
      </span>
      <span class="right number">
        <span class="unseen">shard </span>
        {row.shard}
      </span>
      <span class="right number">{toldCount(row.documents)}</span>
      <span class="unseen">{toldOf(row)}</span>
      {servers.map(({ address }) => {
        const state = row.cells.get(address)
        return (
          <span
            key={address}
            class={`cell ${state ?? 'none'}`}
            aria-hidden="true"
            title={`${address}: ${state === undefined ? 'has nothing of it' : cells[state].means}`}
          >
            {state === undefined ? '·' : cells[state].sign}
          </span>
        )
      })}
    </div>
  )
}

/** A row in words. */
function toldOf({ cells: held, served }: ShardRow): string {
  const words = [...held].map(([address, state]) => `${cells[state].means} on ${address}`)
  return [...words, ...(served ? [] : ['no server can answer for it'])].join(', ')
}

/** What tells servers apart: the whole name stands in the title. */
function shortAddress(address: string): string {
  const [, port] = /:(\d+)$/.exec(address) ?? []
  const host = address.replace(/:\d+$/, '')
  const isNumbers = /^[\d.]+$/.test(host)
  const name = isNumbers ? `.${host.split('.').at(-1)}` : (host.split('.')[0] ?? host)
  return port === undefined ? name : `${name}:${port}`
}
