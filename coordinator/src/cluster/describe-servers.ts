import type { Catalog, CatalogEntry } from '../catalog/catalog.ts'
import { eligibleByShard } from '../catalog/eligible-by-shard.ts'
import type { UnservedIndex } from '../catalog/unserved-models.ts'
import type { EncoderState, ServerFacts } from '../ports.ts'
import type { HedgeCounts } from '../search/hedging.ts'
import type { Cluster, UnplacedShard } from './cluster.ts'
import type { ClusterMember } from './cluster-member.ts'
import { placementOf } from './placement-of.ts'
import type { ShardReleaser } from './shard-releaser.ts'
import { isWarm, type ShardWarmer } from './shard-warmer.ts'

/** Which shard of what. */
interface NamedShard {
  readonly index: string
  readonly generation: number
  readonly shard: number
}

export interface DescribedServer {
  readonly address: string
  readonly live: boolean
  readonly downReason: string | null
  /** Times are milliseconds since the epoch. */
  readonly downSince: number | null
  readonly listed: boolean
  readonly placedSince: number | null
  readonly draining: boolean
  readonly zone: string
  readonly facts: ServerFacts | undefined
  readonly weight: number
  readonly outstanding: number
  readonly shards: readonly {
    readonly index: string
    readonly generation: number
    readonly shard: number
    readonly documents: number
    readonly warm: boolean
    readonly placed: boolean
  }[]
}

/** A shard on its way to a server, or one that a server has still to let go of. */
export interface DescribedMove extends NamedShard {
  readonly from: readonly string[]
  readonly to: string | null
  readonly since: number
  readonly state: 'waiting' | 'loading' | 'failed' | 'releasing'
  readonly reason: string | null
}

export interface ServersDescription {
  /** The number of the effective view. */
  readonly view: number
  readonly servers: readonly DescribedServer[]
  readonly moves: readonly DescribedMove[]
  readonly unplaced: readonly (NamedShard & UnplacedShard)[]
}

export interface ClusterDescription extends ServersDescription {
  readonly encoders: readonly EncoderState[]
  /** Null while no encoder service answers. */
  readonly unserved: readonly UnservedIndex[] | null
  readonly hedges: Readonly<HedgeCounts>
  readonly retries: number
}

export interface DescribeParts {
  readonly cluster: Cluster
  readonly catalog: Pick<Catalog, 'list'>
  readonly warmer: Pick<ShardWarmer, 'lackedBy'>
  readonly releaser: Pick<ShardReleaser, 'unneededOf'>
}

/** The shard servers, what they hold, what is moving between them, and what fits on none, as this coordinator sees it. */
export function describeServers(parts: DescribeParts): ServersDescription {
  const { cluster } = parts
  return {
    view: cluster.view.number,
    servers: cluster.members.map(member => describeServer(member, parts)),
    moves: describeMoves(parts),
    unplaced: unplacedShards(parts),
  }
}

/** Shards on their way to a server, and those that one has still to let go of. */
export function describeMoves(parts: DescribeParts): DescribedMove[] {
  return parts.cluster.members.flatMap(member => movesOf(member, parts))
}

/** Shards that too few servers have memory for. */
export function unplacedShards({
  cluster,
  catalog,
}: Pick<DescribeParts, 'cluster' | 'catalog'>): ServersDescription['unplaced'] {
  return catalog.list().flatMap(entry => {
    const eligible = eligibleByShard(entry.manifest)
    const unplaced = cluster.unplacedShards(placementOf(entry)).filter(({ shard }) => (eligible[shard] ?? 0) > 0)
    return unplaced.map(shard => ({ ...nameOf(entry, shard.shard), ...shard }))
  })
}

function describeServer(member: ClusterMember, { cluster, catalog }: DescribeParts): DescribedServer {
  const { address, live, draining, zone, facts, weight, outstanding } = member
  return {
    address,
    live,
    downReason: live ? null : member.downReason,
    downSince: member.downSince ?? null,
    listed: cluster.isListed(member),
    placedSince: cluster.placedSince(address) ?? null,
    draining,
    zone,
    facts,
    weight,
    outstanding,
    shards: catalog.list().flatMap(entry => shardsOn(member, entry, cluster)),
  }
}

function shardsOn(member: ClusterMember, entry: CatalogEntry, cluster: Cluster): DescribedServer['shards'] {
  const placement = placementOf(entry)
  const placed = new Set(cluster.shardsHeldBy(member, placement))
  const all = [...new Set([...placed, ...member.warmShards(placement.uid)])].sort((a, b) => a - b)
  return all.map(shard => ({
    ...nameOf(entry, shard),
    documents: eligibleByShard(entry.manifest)[shard] ?? 0,
    warm: member.live && isWarm(member, entry, shard),
    placed: placed.has(shard),
  }))
}

function movesOf(member: ClusterMember, { cluster, warmer, releaser }: DescribeParts): DescribedMove[] {
  const arriving = warmer.lackedBy(member).map(({ entry, shard, since, loading, problem }) => {
    const placement = placementOf(entry)
    const holders = cluster.holdersOf(placement, shard)
    const warm = cluster.warmHoldersOf(placement.uid, entry.manifest.version, shard)
    const from = warm.filter(holder => !holders.includes(holder)).map(({ address }) => address)
    const state = loading ? ('loading' as const) : problem === undefined ? ('waiting' as const) : ('failed' as const)
    return { ...nameOf(entry, shard), from, to: member.address, since, state, reason: problem?.message ?? null }
  })
  const leaving = releaser.unneededOf(member).map(({ entry, shard, since }) => ({
    ...nameOf(entry, shard),
    from: [member.address],
    to: null,
    since,
    state: 'releasing' as const,
    reason: null,
  }))
  return [...arriving, ...leaving]
}

function nameOf({ record, manifest }: CatalogEntry, shard: number): NamedShard {
  return { index: record.name, generation: manifest.generation, shard }
}
