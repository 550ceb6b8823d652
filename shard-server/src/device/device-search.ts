/** One query's searches of shards with a device: it ranks, the CPU estimates and scores the best again. */
import type { Counter, Deadline } from '@hypershard/common'
import type { QNetArchitecture } from '@hypershard/qnet'
import type { LRUCache } from 'lru-cache'
import { mergeRanked } from '../cpu/divide-work.ts'
import { mergeScans } from '../cpu/merge-scans.ts'
import type { Ranked, RankWish } from '../cpu/rank-candidates.ts'
import type { ScoringPool } from '../cpu/scoring-pool.ts'
import { searchByTangent, type TangentPlan } from '../cpu/search-by-tangent.ts'
import type { FloatPlane } from '../cpu/tangent-planes.ts'
import type { RowToScore, ScanRequest, ShardScan, ShardToScan } from '../ports.ts'
import type { DeviceCalls } from './device-calls.ts'
import type { DeviceCosts, WorkToCompare } from './device-costs.ts'
import type { DeviceRanking, RankedBy } from './messages.ts'
import { type DeviceRankSteps, type RankedOnDevice, rankOnDevice } from './rank-on-device.ts'
import { type DeviceFound, searchOnDevice, type Undecided } from './search-on-device.ts'

/** Time left for the CPU to score the best once the device has ranked: a tenth of what there is, at most this. */
const scoreReserveMsMax = 50

export interface DeviceSearchParts {
  readonly pool: ScoringPool
  readonly calls: DeviceCalls
  /** What the device's scores of a q-net were off by, by its digest. */
  readonly errors: LRUCache<string, number>
  /** Undefined where nobody wants to know what work takes. */
  readonly costs: DeviceCosts | undefined
  /** Count how exact searches, and rankings by tangent, ended. */
  readonly outcomes: Counter<'outcome'>
  readonly tangentOutcomes: Counter<'outcome'>
}

/** How a shard is searched exactly. */
export interface ExactRoute {
  readonly onDevice: ShardToScan
  readonly onCpu: ShardToScan | undefined
}

/** How a shard is searched by tangent. */
export interface TangentRoute {
  readonly plan: TangentPlan
  /** By segment, whether the device ranks its documents. */
  readonly onDevice: readonly boolean[]
}

type Wish = Omit<RankWish, 'part' | 'of'>

const exactly = { kind: 'exact' } as const

export class DeviceSearch {
  readonly #parts: DeviceSearchParts
  readonly #request: ScanRequest
  readonly #deadline: Deadline
  /** Until anything of the query was worked on. */
  queueMs = Number.POSITIVE_INFINITY

  constructor(parts: DeviceSearchParts, request: ScanRequest, deadline: Deadline) {
    this.#parts = parts
    this.#request = request
    this.#deadline = deadline
  }

  /** By the CPU alone, in the plan that was asked for. */
  async onCpu(shards: readonly ShardToScan[], plan = this.#request.plan): Promise<readonly ShardScan[]> {
    if (shards.length === 0) return []
    const answer = await this.#parts.pool.scan({ ...this.#request, plan, shards }, this.#deadline)
    this.#noteQueue(answer)
    return answer.scans
  }

  async exactly({ onDevice, onCpu }: ExactRoute): Promise<ShardScan> {
    const [fromCpu, fromDevice] = await allOf([
      this.onCpu(onCpu === undefined ? [] : [onCpu], exactly),
      this.#rankExactly(onDevice),
    ])
    const scans = fromDevice === undefined ? await this.onCpu([onDevice], exactly) : [fromDevice]
    return mergeScans([...scans, ...fromCpu], this.#request.limit)
  }

  /** @returns undefined where the q-net bends so much that the shard had better be searched exactly */
  async byTangent(shard: ShardToScan, { plan, onDevice }: TangentRoute): Promise<ShardScan | undefined> {
    const { pool } = this.#parts
    const ranking: TangentRanking = { shard, onDevice, planes: new Map() }
    let scoreMs = 0
    const segments = shard.segments.map(({ key, eligible, position }) => {
      return { eligible, position, ids: pool.held(key).ids }
    })
    const steps = {
      rank: async (wish: Wish) => {
        const { workMs, ...ranked } = await this.#rank(ranking, wish)
        scoreMs += workMs
        return ranked
      },
      score: async (candidates: readonly RowToScore[]) => {
        const { workMs, ...scored } = await pool.score(this.#request, shard, candidates, this.#deadline)
        scoreMs += workMs
        return scored
      },
    }
    const found = await searchByTangent({ shard: shard.shard, plan, segments }, steps, this.#request)
    return found && { ...found, scoreMs }
  }

  /** @returns undefined where the CPU has to score the shard */
  async #rankExactly(shard: ShardToScan): Promise<ShardScan | undefined> {
    const { pool, errors, outcomes } = this.#parts
    const { qnet, limit, after } = this.#request
    let scoreMs = 0
    const steps = {
      rank: async (wish: { readonly count: number; readonly ceiling: number }) => {
        const answer = await this.#ask({ kind: 'qnet', qnet }, shard, wish)
        scoreMs += answer.workMs
        return answer.ranking
      },
      score: async (candidates: readonly RowToScore[]) => {
        const { workMs, ...scored } = await pool.score(this.#request, shard, candidates, this.#deadline)
        scoreMs += workMs
        return scored
      },
    }
    const segments = shard.segments.map(({ key, eligible, position }) => {
      const { ids, starts } = pool.held(key)
      return { eligible, position, ids, starts }
    })
    const knownError = errors.get(qnet.digest)
    const found = await searchOnDevice({ shard: shard.shard, segments }, steps, { limit, after, knownError })
    outcomes.add({ outcome: outcomeOf(found) })
    if (typeof found === 'string') return undefined
    if (found.error !== undefined) errors.set(qnet.digest, found.error)
    return { ...found.scan, scoreMs }
  }

  /** What lies on the device there, unless all is to be scored or what else may be walked; the rest on the CPU. */
  async #rank(ranking: TangentRanking, wish: Wish): Promise<Ranked & { readonly workMs: number }> {
    const { shard } = ranking
    const places = [...shard.segments.keys()]
    const isThere = (place: number) => !wish.all && ranking.onDevice[place]! && wish.expansions[place] === undefined
    const there = places.filter(isThere)
    const here = places.filter(place => !isThere(place))
    const [fromCpu, fromDevice] = await allOf([
      this.#rankOnCpu(shard, here, wish),
      there.length === 0 ? undefined : this.#rankThere(ranking, there, wish),
    ])
    const decided =
      there.length > 0 && fromDevice === undefined ? await this.#rankOnCpu(shard, there, wish) : fromDevice
    const parts = [fromCpu, decided].filter(part => part !== undefined)
    return {
      ...mergeRanked(parts, { kept: wish.kept, repeats: true }),
      workMs: Math.max(...parts.map(part => part.workMs)),
    }
  }

  async #rankOnCpu(shard: ShardToScan, places: readonly number[], wish: Wish) {
    if (places.length === 0) return undefined
    const expansions = places.map(place => wish.expansions[place])
    const part = partOf(shard, places)
    const ranked = await this.#parts.pool.rank(this.#request, part, { ...wish, expansions }, this.#deadline)
    this.#noteQueue(ranked)
    return inShard(ranked, places)
  }

  /** @returns undefined where the CPU has to rank them */
  async #rankThere(
    ranking: TangentRanking,
    places: readonly number[],
    { kept }: Wish,
  ): Promise<(Ranked & { readonly workMs: number }) | undefined> {
    const { pool, tangentOutcomes } = this.#parts
    const part = partOf(ranking.shard, places)
    const { planes, stop, workMs: planesMs } = await this.#planesOf(ranking, places)
    if (stop !== undefined) return { candidates: [], scanned: 0, walked: 0, stop, workMs: planesMs }
    let workMs = planesMs
    const { architecture } = this.#request.qnet
    const by: RankedBy = { kind: 'vectors', architecture, vectors: planes.map(({ vector }) => vector) }
    const steps: DeviceRankSteps = {
      rank: async wish => {
        const answer = await this.#ask(by, part, { ...wish, ceiling: noCeiling })
        workMs += answer.workMs
        return answer.ranking
      },
      estimate: async vectors => {
        const found = vectors.map(({ segment, vector }) => ({ segment, vector }))
        const answer = await pool.estimate(this.#request, part, { planes, vectors: found }, this.#deadline)
        workMs += answer.workMs
        return answer
      },
    }
    const segments = part.segments.map(({ key }, at) => ({ plane: planes[at]!, starts: pool.held(key).starts }))
    const areFinite = planes.every(({ query }) => query !== undefined)
    const found = areFinite ? await rankOnDevice(segments, steps, kept) : 'values'
    tangentOutcomes.add({ outcome: rankingOutcomeOf(found) })
    return typeof found === 'string' ? undefined : inShard({ ...found.ranked, workMs }, places)
  }

  /** The planes of these segments; a second ranking, of more documents, need not make them again. */
  async #planesOf(ranking: TangentRanking, places: readonly number[]) {
    const known = ranking.planes.get(places.join())
    if (known !== undefined) return { planes: known, stop: undefined, workMs: 0 }
    const part = partOf(ranking.shard, places)
    const made = await this.#parts.pool.planes(this.#request, part, this.#deadline)
    this.#noteQueue(made)
    if (made.stop === undefined) ranking.planes.set(places.join(), made.planes)
    return made
  }

  async #ask(
    by: RankedBy,
    { segments }: ShardToScan,
    wish: { readonly count: number; readonly ceiling: number },
  ): Promise<{ readonly ranking: DeviceRanking; readonly workMs: number }> {
    const left = this.#deadline.remainingMs
    const endEpochMs = this.#request.endEpochMs - Math.min(scoreReserveMsMax, left / 10)
    const work = { by, segments, endEpochMs, ...wish }
    const { result, workMs, queueMs } = await this.#parts.calls.call({ type: 'rank', work }, this.#deadline)
    this.#noteQueue({ queueMs })
    const { ranking } = result
    const { costs, pool } = this.#parts
    if (ranking.stop === undefined && !ranking.tooLarge) {
      costs?.note(workOf(pool, segments, this.#request.qnet.architecture), by.kind === 'qnet', workMs)
    }
    return { ranking, workMs }
  }

  #noteQueue({ queueMs }: { readonly queueMs: number | undefined }): void {
    this.queueMs = Math.min(this.queueMs, queueMs ?? Number.POSITIVE_INFINITY)
  }
}

/** One shard's rankings by tangent. */
interface TangentRanking {
  readonly shard: ShardToScan
  /** By segment. */
  readonly onDevice: readonly boolean[]
  /** Of segments at these places. */
  readonly planes: Map<string, readonly FloatPlane[]>
}

/** What ranking segments comes to. */
export function workOf(
  pool: Pick<ScoringPool, 'held'>,
  segments: ShardToScan['segments'],
  architecture: QNetArchitecture,
): WorkToCompare {
  const held = segments.map(({ key, eligible }) => ({ ...pool.held(key), eligible }))
  return {
    architecture,
    segments: segments.length,
    vectors: held.reduce((sum, { rows }) => sum + rows, 0),
    eligibleVectors: held.reduce((sum, { eligible, vectorsPerDocument = 1 }) => sum + eligible * vectorsPerDocument, 0),
  }
}

/** No product is higher. */
const noCeiling = 3e38

/** Of a shard, the segments at these places. */
function partOf(shard: ShardToScan, places: readonly number[]): ShardToScan {
  return { shard: shard.shard, segments: places.map(place => shard.segments[place]!) }
}

/** What was found in a part of a shard, by the places of the whole. */
function inShard<Found extends Ranked>(ranked: Found, places: readonly number[]): Found {
  const candidates = ranked.candidates.map(found => ({ ...found, segment: places[found.segment]! }))
  return { ...ranked, candidates }
}

function outcomeOf(found: DeviceFound | Undecided): string {
  if (typeof found === 'string') return found
  if (found.scan.stop !== 'complete') return 'stopped'
  return found.widened ? 'widened' : 'certain'
}

function rankingOutcomeOf(found: RankedOnDevice | Undecided): string {
  if (typeof found === 'string') return found
  if (found.ranked.stop !== undefined) return 'stopped'
  return found.widened ? 'widened' : 'certain'
}

/** All of them, so that nothing reads segments and weights any more when one has failed. */
export async function allOf<Work extends readonly unknown[]>(
  work: readonly [...Work],
): Promise<{ [At in keyof Work]: Awaited<Work[At]> }> {
  const settled = await Promise.allSettled(work)
  return settled.map(result => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  }) as { [At in keyof Work]: Awaited<Work[At]> }
}
