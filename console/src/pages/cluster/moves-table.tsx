import type { ShardMove } from '@hypershard/contract'
import { useMemo } from 'preact/hooks'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { Shown } from '../../parts/shown.tsx'

const tones: Readonly<Record<ShardMove['state'], string>> = {
  waiting: '',
  loading: 'accent',
  failed: 'bad',
  releasing: '',
}

/** Shards on their way to a server, and those that one has still to let go of. */
export function MovesTable({ moves }: { readonly moves: readonly ShardMove[] }) {
  const columns = useMemo(movesColumns, [])
  return (
    <section class="panel" aria-labelledby="moves-title">
      <h2 id="moves-title">Moves under way</h2>
      {moves.length === 0 ? (
        <p class="soft">No shard is on its way to another server.</p>
      ) : (
        <DataTable label="Moves" columns={columns} rows={moves} keyOf={keyOf} />
      )}
    </section>
  )
}

function movesColumns(): Column<ShardMove>[] {
  return [
    { name: 'index', title: 'Index', cell: ({ index }) => <Shown text={index} />, sortBy: ({ index }) => index },
    { name: 'generation', title: 'Generation', right: true, cell: ({ generation }) => generation },
    { name: 'shard', title: 'Shard', right: true, cell: ({ shard }) => shard, sortBy: ({ shard }) => shard },
    { name: 'from', title: 'From', cell: ({ from }) => <Shown text={from.join(', ') || '–'} /> },
    { name: 'to', title: 'To', cell: ({ to }) => <Shown text={to ?? '–'} />, sortBy: ({ to }) => to },
    { name: 'state', title: 'State', cell: move => <MoveState move={move} />, sortBy: ({ state }) => state },
    {
      name: 'since',
      title: 'Since',
      cell: ({ since }) => new Date(since).toLocaleTimeString('en-GB'),
      sortBy: ({ since }) => since,
    },
  ]
}

function MoveState({ move: { state, reason } }: { readonly move: ShardMove }) {
  return (
    <div class="server-state">
      <span class={`tag ${tones[state]}`}>{state}</span>
      {reason !== null && (
        <span class="small">
          <Shown text={reason} max={300} />
        </span>
      )}
    </div>
  )
}

function keyOf({ index, generation, shard, from, to }: ShardMove): string {
  return `${index}/${generation}/${shard} ${to ?? `- ${from.join()}`}`
}
