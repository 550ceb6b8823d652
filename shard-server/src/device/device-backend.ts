import type { Counter, Deadline, Logger } from '@hypershard/common'
import type { DevicePrecision } from '@hypershard/qnet'
import { LRUCache } from 'lru-cache'
import { mergeScans } from '../cpu/merge-scans.ts'
import type { ScoringPool } from '../cpu/scoring-pool.ts'
import type {
  DeviceMemoryUse,
  LeafScores,
  ScanAnswer,
  ScanRequest,
  ScoredRows,
  ScoringBackend,
  SegmentToHold,
  ShardScan,
  ShardToScan,
} from '../ports.ts'
import { DeviceCalls, type DeviceThread, type Later } from './device-calls.ts'
import { DeviceMemory, type WhenFull } from './device-memory.ts'
import { type DeviceFound, searchOnDevice, type Undecided } from './search-on-device.ts'

export interface DeviceBackendOptions {
  /** As operators name it. */
  readonly device: string
  /** Holds every segment too: it has the last word on scores, and scores what the device does not. */
  readonly pool: ScoringPool
  /** Starts the device's thread. @param onDeath it ended by itself */
  readonly startThread: (onDeath: (error: Error) => void) => DeviceThread
  /** Most bytes of vectors on the device. */
  readonly memoryBytesMax: number
  readonly whenFull: WhenFull
  /** Told once, when the device has failed. */
  readonly onLost: (error: Error) => void
  readonly log: Logger
  /** Counts shards by how their answers came about, see `deviceMetrics`. */
  readonly outcomes: Counter<'outcome'>
  /** Of a shard with fewer rows that can be hits all are the CPU's. */
  readonly deviceRowsMin: number
  /** Waits; another in tests. */
  readonly later?: Later
}

const valueBytes: Readonly<Record<DevicePrecision, number>> = { f32: 4, f16: 2 }
/** Q-nets whose error is remembered, for the pages after the first. */
const errorsMax = 1_000
/** Time left for the CPU to score the best once the device has ranked: a tenth of what there is, at most this. */
const scoreReserveMsMax = 50

/** A shard's segments by what scores them. */
interface Divided {
  readonly shard: number
  readonly onDevice: ShardToScan | undefined
  readonly onCpu: ShardToScan | undefined
}

/**
 * A device as a backend: it ranks, the CPU scores the best again. What it does not do is the CPU's: other plans than the exact
 * one, int8 scoring, segments that do not fit on it, few rows, and rows whose scores lie too close together for it.
 */
export class DeviceBackend implements ScoringBackend {
  readonly device: string
  readonly kernel: string
  readonly #options: DeviceBackendOptions
  readonly #calls: DeviceCalls
  readonly #memory: DeviceMemory
  #precision: DevicePrecision = 'f32'
  /** By the q-net's digest. */
  readonly #errors = new LRUCache<string, number>({ max: errorsMax })

  constructor(options: DeviceBackendOptions) {
    const { device, pool, startThread, onLost, memoryBytesMax, whenFull, later } = options
    this.device = device
    this.kernel = pool.kernel
    this.#options = options
    this.#calls = new DeviceCalls(startThread, onLost, later)
    this.#memory = new DeviceMemory({ bytesMax: memoryBytesMax, whenFull })
  }

  /** What lies on the device. */
  get memory(): DeviceMemory {
    return this.#memory
  }

  get deviceMemory(): DeviceMemoryUse {
    return this.#memory.use()
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
    this.#precision = (await this.#calls.call({ type: 'probe' })).result.precision
  }

  /** @throws HypershardError `overloaded` for a segment that does not fit, where the CPU is not to take it */
  async hold(segment: SegmentToHold): Promise<void> {
    const { key, width, vectors, ids, vectorStarts } = segment
    const { pool, log } = this.#options
    // A device ranks rows: where several are one document's, the CPU scores them.
    const isRanked = vectorStarts === undefined
    const fits = isRanked && this.#memory.take(key, (ids.offsets.length - 1) * width * valueBytes[this.#precision])
    try {
      if (isRanked && !fits)
        log.warn({ segment: key, device: this.device }, 'segment does not fit on the device, the CPU scores it')
      const settled = await Promise.allSettled([
        pool.hold(segment),
        fits ? this.#calls.call({ type: 'hold', key, width, vectors }) : undefined,
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

  /** divide → rank on the device, score the best → all that was not decided, on the CPU. @throws `unavailable` once lost */
  async scan(request: ScanRequest, deadline: Deadline): Promise<ScanAnswer> {
    this.#calls.expectAlive()
    const { pool } = this.#options
    if (!isForDevice(request)) return pool.scan(request, deadline)
    deadline.check('score')
    const divided = request.shards.map(shard => this.#divide(shard))
    const cpuShards = divided.flatMap(({ onCpu }) => onCpu ?? [])
    let queueMs = Number.POSITIVE_INFINITY
    const scanOnCpu = async (shards: readonly ShardToScan[]) => {
      if (shards.length === 0) return []
      const answer = await pool.scan({ ...request, shards }, deadline)
      queueMs = Math.min(queueMs, answer.queueMs)
      return answer.scans
    }
    const [fromCpu, ...fromDevice] = await allOf([
      scanOnCpu(cpuShards),
      ...divided.map(({ onDevice }) => onDevice && this.#search(onDevice, request, deadline)),
    ])
    const undecided = divided.flatMap(({ onDevice }, at) =>
      fromDevice[at]?.scan === undefined ? (onDevice ?? []) : [],
    )
    const decidedByCpu = [...(await scanOnCpu(undecided))]
    const cpuScans = [...fromCpu]
    const scans = divided.map(({ onDevice, onCpu }, at) => {
      const ofDevice = onDevice && (fromDevice[at]!.scan ?? decidedByCpu.shift()!)
      const parts = [ofDevice, onCpu && cpuScans.shift()!].filter(scan => scan !== undefined)
      return mergeScans(parts, request.limit)
    })
    queueMs = Math.min(queueMs, ...fromDevice.flatMap(found => found?.queueMs ?? []))
    return { scans, queueMs: Number.isFinite(queueMs) ? queueMs : 0 }
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

  #divide(shard: ShardToScan): Divided {
    const [onDevice, onCpu] = [true, false].map(place => ({
      shard: shard.shard,
      segments: shard.segments.filter(({ key }) => this.#memory.isOnDevice(key) === place),
    }))
    const eligible = onDevice!.segments.reduce((sum, segment) => sum + segment.eligible, 0)
    if (eligible < this.#options.deviceRowsMin) return { shard: shard.shard, onDevice: undefined, onCpu: shard }
    return { shard: shard.shard, onDevice: onDevice!, onCpu: onCpu!.segments.length > 0 ? onCpu! : undefined }
  }

  /** @returns no scan where the CPU has to score the shard */
  async #search(
    shard: ShardToScan,
    request: ScanRequest,
    deadline: Deadline,
  ): Promise<{ readonly scan: ShardScan | undefined; readonly queueMs: number | undefined }> {
    const { pool } = this.#options
    const { qnet, limit, after } = request
    let scoreMs = 0
    let queueMs: number | undefined
    const steps = {
      rank: async (wish: { readonly count: number; readonly ceiling: number }) => {
        const left = deadline.remainingMs
        const endEpochMs = request.endEpochMs - Math.min(scoreReserveMsMax, left / 10)
        const work = { qnet, segments: shard.segments, endEpochMs, ...wish }
        const answer = await this.#calls.call({ type: 'rank', work }, deadline)
        queueMs ??= answer.queueMs
        scoreMs += answer.workMs
        return answer.result.ranking
      },
      score: async (candidates: Parameters<ScoringPool['score']>[2]) => {
        const { workMs, ...scored } = await pool.score(request, shard, candidates, deadline)
        scoreMs += workMs
        return scored
      },
    }
    const segments = shard.segments.map(({ key, eligible, position }) => ({ eligible, position, ids: pool.idsOf(key) }))
    const knownError = this.#errors.get(qnet.digest)
    const found = await searchOnDevice({ shard: shard.shard, segments }, steps, { limit, after, knownError })
    this.#options.outcomes.add({ outcome: outcomeOf(found) })
    if (typeof found === 'string') return { scan: undefined, queueMs }
    if (found.error !== undefined) this.#errors.set(qnet.digest, found.error)
    return { scan: { ...found.scan, scoreMs }, queueMs }
  }
}

/**
 * A device gives the best, not all scores, and counts nothing, so what ranks before a position is for the CPU. A cursor behind
 * scores that are no numbers lies behind all that a device ranks.
 */
function isForDevice({ plan, scoring, after, shards, composed }: ScanRequest): boolean {
  // It runs one q-net, whose scores are not comparable to another's.
  if (composed !== undefined) return false
  if (shards.some(({ segments }) => segments.some(({ sheet }) => sheet !== undefined))) return false
  const isRanked = after === undefined || (Number.isFinite(after.score) && after.inclusive !== true)
  return plan.kind === 'exact' && scoring === 'fp32' && isRanked
}

function outcomeOf(found: DeviceFound | Undecided): string {
  if (typeof found === 'string') return found
  if (found.scan.stop !== 'complete') return 'stopped'
  return found.widened ? 'widened' : 'certain'
}

/** All of them, so that nothing reads segments and weights any more when one has failed. */
async function allOf<Work extends readonly unknown[]>(
  work: readonly [...Work],
): Promise<{ [At in keyof Work]: Awaited<Work[At]> }> {
  const settled = await Promise.allSettled(work)
  return settled.map(result => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  }) as { [At in keyof Work]: Awaited<Work[At]> }
}
