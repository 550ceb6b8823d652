/** How long a coordinator takes to place all shards anew when the view of its shard servers changes, and what moves. */
import { placeShards } from '@hypershard/coordinator/placement'
import { median } from '../statistics.ts'

export const placementBenchOptions = {
  servers: { type: 'string', default: '4,16,64,256' },
  shards: { type: 'string', default: '1000' },
  /** Of one index; the shards are divided among as many indexes as it takes. */
  'shards-an-index': { type: 'string', default: '250' },
  replicas: { type: 'string', default: '2' },
  rounds: { type: 'string', default: '15' },
} as const

/** Large enough that no shard counts as tiny. */
const shardBytes = 2 ** 30

export async function runPlacementBench(options: Readonly<Record<string, unknown>>) {
  const [shards, ofIndex, replicas, rounds] = ['shards', 'shards-an-index', 'replicas', 'rounds'].map(name =>
    Number(options[name]),
  ) as [number, number, number, number]
  const indexes = Array.from({ length: Math.ceil(shards / ofIndex) }, (_, at) => ({
    uid: `index-${at}`,
    replicas,
    shardBytes: new Array<number>(Math.min(ofIndex, shards - at * ofIndex)).fill(shardBytes),
  }))
  return String(options.servers)
    .split(',')
    .map(count => measureJoin(Number(count), indexes, rounds))
}

type Indexes = readonly Parameters<typeof placeShards>[0][]

/** The last of `count` servers joins the others. */
function measureJoin(count: number, indexes: Indexes, rounds: number) {
  const servers = Array.from({ length: count }, (_, at) => ({
    address: `10.0.${at >> 8}.${at & 255}:7710`,
    weight: 1,
    zone: `zone-${at % 3}`,
  }))
  const placeAll = (view: typeof servers) => indexes.flatMap(index => placeShards(index, view))
  const before = placeAll(servers.slice(0, -1))
  const ms: number[] = []
  let after: string[][] = []
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    after = placeAll(servers)
    ms.push(performance.now() - start)
  }
  const held = [...Map.groupBy(after.flat(), address => address).values()].map(({ length }) => length)
  const slots = after.flat().length
  const moved = after.flatMap((holders, shard) => holders.filter(address => !before[shard]!.includes(address))).length
  return {
    servers: count,
    shards: after.length,
    indexes: indexes.length,
    'ms, median': median(ms).toFixed(1),
    'ms, worst': Math.max(...ms).toFixed(1),
    'moved by a join': `${((100 * moved) / slots).toFixed(2)} %`,
    'of its share': `${((moved / slots) * count).toFixed(2)}`,
    'most shards / mean': ((Math.max(...held) * count) / slots).toFixed(2),
  }
}
