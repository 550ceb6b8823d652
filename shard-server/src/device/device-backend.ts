import type { Counter, Deadline, Logger } from '@hypershard/common'
import type { DevicePrecision } from '@hypershard/qnet'
import { LRUCache } from 'lru-cache'
import { eligibleIn } from '../cpu/choose-plan.ts'
import type { ScoringPool } from '../cpu/scoring-pool.ts'
import type {
  DeviceMemoryUse,
  LeafScores,
  ScanAnswer,
  ScanRequest,
  ScoredRows,
  ScoringBackend,
  SegmentToHold,
  SegmentToScan,
  ShardScan,
  ShardToScan,
} from '../ports.ts'
import { DeviceCalls, type DeviceThread, type Later } from './device-calls.ts'
import { DeviceCosts, type ProbedCosts, type WorkToCompare } from './device-costs.ts'
import { DeviceMemory, type WhenFull } from './device-memory.ts'
import { allOf, DeviceSearch, type ExactRoute, type TangentRoute, workOf } from './device-search.ts'
import { reserveRows } from './search-on-device.ts'

export interface DeviceBackendOptions {
  /** As operators name it. */
  readonly device: string
  /** Holds every segment too: it has the last word on scores, and scores what the device does not. */
  readonly pool: ScoringPool
  /** Starts the device's thread. @param onDeath it ended by itself */
  readonly startThread: (onDeath: (error: Error) => void) => DeviceThread
  /** Most bytes of vectors and weights on the device, and what of these is for weights. */
  readonly memoryBytesMax: number
  readonly weightsBytesMax: number
  readonly whenFull: WhenFull
  /** Told once, when the device has failed. */
  readonly onLost: (error: Error) => void
  readonly log: Logger
  /** Count shards by how their answers, or rankings by tangent, came about, see `deviceMetrics`. */
  readonly outcomes: Counter<'outcome'>
  readonly tangentOutcomes: Counter<'outcome'>
  /** Of a shard with fewer rows that can be hits all are the CPU's; where it is not given, what takes less time tells. */
  readonly deviceRowsMin: number | undefined
  /** Waits; another in tests. */
  readonly later?: Later
}

const valueBytes: Readonly<Record<DevicePrecision, number>> = { f32: 4, f16: 2 }
/** Q-nets whose error is remembered, for the pages after the first. */
const errorsMax = 1_000

/**
 * A device as a backend: it ranks, the CPU scores the best again. What it does not do is the CPU's: walks of graphs, composed
 * queries, exact scores in int8, segments that do not fit on it, few rows, and what lies too close together for it.
 */
export class DeviceBackend implements ScoringBackend {
  readonly device: string
  readonly kernel: string
  readonly #options: DeviceBackendOptions
  readonly #calls: DeviceCalls
  readonly #memory: DeviceMemory
  #precision: DevicePrecision = 'f32'
  #costs: DeviceCosts | undefined
  /** By the q-net's digest. */
  readonly #errors = new LRUCache<string, number>({ max: errorsMax })

  constructor(options: DeviceBackendOptions) {
    const { device, pool, startThread, onLost, memoryBytesMax, weightsBytesMax, whenFull, later } = options
    this.device = device
    this.kernel = pool.kernel
    this.#options = options
    this.#calls = new DeviceCalls(startThread, onLost, later)
    this.#memory = new DeviceMemory({ bytesMax: memoryBytesMax, whenFull, setAsideBytes: weightsBytesMax })
  }

  /** What lies on the device. */
  get memory(): DeviceMemory {
    return this.#memory
  }

  get deviceMemory(): DeviceMemoryUse {
    return this.#memory.use()
  }

  /** What its work takes, where a probe has measured that. */
  get costs(): ProbedCosts | undefined {
    return this.#costs?.costs
  }

  /** What vectors lie there in. */
  get precision(): DevicePrecision {
    return this.#precision
  }

  /** Whether it has failed. */
  get isLost(): boolean {
    return this.#calls.lost !== undefined
  }

  /** @throws HypershardError `invalid_config` when the device does not work; its message says what is missing */
  async probe(): Promise<void> {
    const { deviceRowsMin, pool } = this.#options
    const { result } = await this.#calls.call({ type: 'probe', withCosts: deviceRowsMin === undefined })
    this.#precision = result.precision
    if (result.costs !== undefined) this.#costs = new DeviceCosts(result.costs, pool.threads)
  }

  /** @throws HypershardError `overloaded` for a segment that does not fit, where the CPU is not to take it */
  async hold(segment: SegmentToHold): Promise<void> {
    const { key, width, vectors, ids, vectorStarts } = segment
    const { pool, log } = this.#options
    const rows = vectorStarts?.at(-1) ?? ids.offsets.length - 1
    const fits = this.#memory.take(key, rows * width * valueBytes[this.#precision])
    try {
      if (!fits)
        log.warn({ segment: key, device: this.device }, 'segment does not fit on the device, the CPU scores it')
      const settled = await Promise.allSettled([
        pool.hold(segment),
        fits ? this.#calls.call({ type: 'hold', key, width, vectors, vectorStarts }) : undefined,
      ])
      for (const result of settled) if (result.status === 'rejected') throw result.reason
      const held = settled[1].status === 'fulfilled' ? settled[1].value?.result : undefined
      if (held?.type === 'held' && !Number.isFinite(held.magnitude)) this.#leaveToCpu(key)
    } catch (error) {
      this.drop(key)
      throw error
    }
  }

  drop(key: string): void {
    if (this.#memory.giveBack(key)) this.#calls.post({ type: 'drop', key })
    this.#options.pool.drop(key)
  }

  /** route each shard → search on the device, or on the CPU → together. @throws `unavailable` once lost */
  async scan(request: ScanRequest, deadline: Deadline): Promise<ScanAnswer> {
    this.#calls.expectAlive()
    const { pool } = this.#options
    if (!isOfOneQNet(request)) return pool.scan(request, deadline)
    deadline.check('score')
    const routes = request.shards.map(shard => this.#routeOf(shard, request))
    if (routes.every(route => route === undefined)) return pool.scan(request, deadline)
    const parts = { ...this.#options, calls: this.#calls, errors: this.#errors, costs: this.#costs }
    const search = new DeviceSearch(parts, request, deadline)
    const [fromCpu, ...fromDevice] = await allOf([
      search.onCpu(request.shards.filter((_, at) => routes[at] === undefined)),
      ...request.shards.map((shard, at) => this.#search(shard, routes[at], request, search)),
    ])
    const scans = [...fromCpu]
    const { queueMs } = search
    return {
      scans: fromDevice.map(scan => scan ?? scans.shift()!),
      queueMs: Number.isFinite(queueMs) ? queueMs : 0,
    }
  }

  score(...asked: Parameters<ScoringBackend['score']>): Promise<ScoredRows> {
    return this.#options.pool.score(...asked)
  }

  leafScores(...asked: Parameters<ScoringBackend['leafScores']>): Promise<LeafScores> {
    return this.#options.pool.leafScores(...asked)
  }

  async close(): Promise<void> {
    await Promise.all([this.#calls.close(), this.#options.pool.close()])
  }

  /** Of a device that is not used after all; the pool goes on. */
  closeDevice(): Promise<void> {
    return this.#calls.close()
  }

  #leaveToCpu(key: string): void {
    this.#memory.leaveToCpu(key)
    this.#calls.post({ type: 'drop', key })
  }

  /** @returns undefined for a shard that is the CPU's alone */
  #routeOf(shard: ShardToScan, request: ScanRequest): ExactRoute | TangentRoute | undefined {
    const plan = this.#options.pool.planOf(shard, request)
    if (plan.kind === 'exact') return this.#exactRouteOf(shard, request)
    const isRead = (at: number) => plan.expansions[at] === undefined
    const onDevice = shard.segments.map(({ key }, at) => isRead(at) && this.#memory.isOnDevice(key))
    const there = shard.segments.filter((_, at) => onDevice[at])
    const isWorthIt = this.#isEnough(there, request, (costs, work) => costs.isQuickerByTangent(work))
    return isWorthIt ? { plan, onDevice } : undefined
  }

  #exactRouteOf(shard: ShardToScan, request: ScanRequest): ExactRoute | undefined {
    if (!isRanked(request)) return undefined
    const [onDevice, onCpu] = [true, false].map(place => ({
      shard: shard.shard,
      segments: shard.segments.filter(({ key }) => this.#memory.isOnDevice(key) === place),
    }))
    const again = request.limit + reserveRows
    const isWorthIt = this.#isEnough(onDevice!.segments, request, (costs, work) => costs.isQuickerExactly(work, again))
    if (!isWorthIt) return undefined
    return { onDevice: onDevice!, onCpu: onCpu!.segments.length > 0 ? onCpu! : undefined }
  }

  /** Whether the device is asked for what lies there of a shard. */
  #isEnough(
    segments: readonly SegmentToScan[],
    { qnet: { architecture } }: ScanRequest,
    isQuicker: (costs: DeviceCosts, work: WorkToCompare) => boolean,
  ): boolean {
    const { deviceRowsMin = 1, pool } = this.#options
    if (eligibleIn(segments) < Math.max(1, deviceRowsMin)) return false
    return this.#costs === undefined || isQuicker(this.#costs, workOf(pool, segments, architecture))
  }

  async #search(
    shard: ShardToScan,
    route: ExactRoute | TangentRoute | undefined,
    request: ScanRequest,
    search: DeviceSearch,
  ): Promise<ShardScan | undefined> {
    if (route === undefined) return undefined
    if (!('plan' in route)) return search.exactly(route)
    const found = await search.byTangent(shard, route)
    if (found !== undefined) return found
    const exact = this.#exactRouteOf(shard, request)
    if (exact !== undefined) return search.exactly(exact)
    const [scan] = await search.onCpu([shard], { kind: 'exact' })
    return scan
  }
}

/** Where a composed query or a sheet of all scores is wanted, the CPU scores: a device runs one q-net and gives the best. */
function isOfOneQNet({ composed, shards }: ScanRequest): boolean {
  if (composed !== undefined) return false
  return shards.every(({ segments }) => segments.every(({ sheet }) => sheet === undefined))
}

/**
 * A device gives the best scores, not all, in fp32, and counts nothing, so what ranks before a position is for the CPU. A
 * cursor behind scores that are no numbers lies behind all that a device ranks.
 */
function isRanked({ scoring, after }: ScanRequest): boolean {
  return scoring === 'fp32' && (after === undefined || (Number.isFinite(after.score) && after.inclusive !== true))
}
