import type { ClusterDescription, ServerDescription, ShardMove } from '@hypershard/contract'

/**
 * How a shard is on a server. `warm`: loaded, and to stay. `cold`: to be held, not loaded, and nothing says that it is being
 * loaded. `leaving`: loaded still, and not to be held any more. `down`: the server that is to hold it is away.
 */
export type CellState = 'warm' | 'cold' | 'waiting' | 'loading' | 'failed' | 'leaving' | 'down'

/** One shard, on all servers. */
export interface ShardRow {
  /** Of all rows no two have the same. */
  readonly key: string
  readonly index: string
  readonly generation: number
  readonly shard: number
  readonly documents: number
  /** By the server's address; none where the shard is neither held nor to be held. */
  readonly cells: ReadonlyMap<string, CellState>
  /** Whether some server has it loaded, so that searches of it are whole. */
  readonly served: boolean
}

type HeldShard = ServerDescription['shards'][number]

/** The shards of all indexes, by name, generation and number, each with what it is on every server. */
export function shardRows({ servers, moves }: ClusterDescription): ShardRow[] {
  const movesTo = new Map(moves.map(move => [moveKey(move, move.to ?? ''), move]))
  const rows = new Map<string, ShardRow & { readonly cells: Map<string, CellState>; served: boolean }>()
  for (const server of servers) {
    for (const held of server.shards) {
      const key = keyOf(held)
      const { index, generation, shard, documents } = held
      const row = rows.get(key) ?? { key, index, generation, shard, documents, cells: new Map(), served: false }
      rows.set(key, row)
      row.cells.set(server.address, cellOf(server, held, movesTo.get(moveKey(held, server.address))))
      row.served ||= held.warm
    }
  }
  return [...rows.values()].sort(byName)
}

/** Whether a shard is loaded wherever it is to be, and nowhere else. */
export function isSettled({ cells }: ShardRow): boolean {
  return [...cells.values()].every(state => state === 'warm')
}

function cellOf({ live }: ServerDescription, { warm, placed }: HeldShard, move: ShardMove | undefined): CellState {
  if (!live) return 'down'
  if (!placed) return 'leaving'
  if (warm) return 'warm'
  return move === undefined || move.state === 'releasing' ? 'cold' : move.state
}

function keyOf({ index, generation, shard }: Pick<HeldShard, 'index' | 'generation' | 'shard'>): string {
  return `${index}/${generation}/${shard}`
}

function moveKey(shard: Pick<HeldShard, 'index' | 'generation' | 'shard'>, address: string): string {
  return `${keyOf(shard)} ${address}`
}

function byName(one: ShardRow, other: ShardRow): number {
  if (one.index !== other.index) return one.index < other.index ? -1 : 1
  return one.generation - other.generation || one.shard - other.shard
}
