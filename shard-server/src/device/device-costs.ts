/**
 * What a device's work takes, against what the same would take the CPU, to tell who is to rank a shard. Either finds the same,
 * so that it may be measured: which plan a search takes is not told by it (see `plan-cost.ts`), as two servers of one index
 * would search it in two ways.
 */
import { architectureKey, type QNetArchitecture, vectorWidth } from '@hypershard/qnet'
import { LRUCache } from 'lru-cache'
import { costOfRanking, costOfScoring, multiplyAddMs } from '../cpu/plan-cost.ts'

/** In milliseconds. */
export interface ProbedCosts {
  /** A run of a graph beside what it computes. */
  readonly runMs: number
  /** A multiply-add of q-nets, as `costOfScoring` counts them. */
  readonly multiplyAddMs: number
  /** A value of a vector that is ranked by an inner product. */
  readonly valueMs: number
}

/** Vectors to rank in runs of one segment each, of which the CPU would read so many. */
export interface WorkToCompare {
  readonly architecture: QNetArchitecture
  readonly segments: number
  readonly vectors: number
  readonly eligibleVectors: number
}

/** Architectures whose own cost is remembered. */
const architecturesMax = 64
/** What was measured once may become so much larger at a time: a run that had to wait is no measure of the next. */
const growthMax = 1.1
/** Two messages to a scoring thread, the estimates of some hundred vectors, and the choice among them. */
const estimateMs = 0.3

export class DeviceCosts {
  readonly #probed: ProbedCosts
  readonly #threads: number
  /** By architecture, what ranking a vector takes. */
  readonly #rows = new LRUCache<string, number>({ max: architecturesMax })
  #valueMs: number

  /** @param threads that the CPU scores with */
  constructor(probed: ProbedCosts, threads: number) {
    this.#probed = probed
    this.#threads = threads
    this.#valueMs = probed.valueMs
  }

  get costs(): ProbedCosts {
    return { ...this.#probed, valueMs: this.#valueMs }
  }

  /** Whether the device ranks by a q-net in less time than the CPU scores. @param scoredAgain documents, by the CPU */
  isQuickerExactly({ architecture, segments, vectors, eligibleVectors }: WorkToCompare, scoredAgain: number): boolean {
    const onCpu = this.#cpuMs(costOfScoring(architecture, eligibleVectors - scoredAgain))
    return segments * this.#probed.runMs + vectors * this.#rowMs(architecture) < onCpu
  }

  /** Whether it ranks by a tangent in less time than the CPU reads its int8 copies. */
  isQuickerByTangent({ architecture, segments, vectors }: WorkToCompare): boolean {
    const values = vectors * vectorWidth(architecture)
    return segments * this.#probed.runMs + estimateMs + values * this.#valueMs < this.#cpuMs(costOfRanking(values))
  }

  /** What a whole ranking took, by a q-net or by vectors. */
  note({ architecture, segments, vectors }: Omit<WorkToCompare, 'eligibleVectors'>, byQNet: boolean, ms: number): void {
    if (vectors === 0) return
    const each = Math.max(0, ms - segments * this.#probed.runMs) / vectors
    if (byQNet) this.#rows.set(architectureKey(architecture), Math.min(each, growthMax * this.#rowMs(architecture)))
    else this.#valueMs = Math.min(each / vectorWidth(architecture), growthMax * this.#valueMs)
  }

  #rowMs(architecture: QNetArchitecture): number {
    return this.#rows.get(architectureKey(architecture)) ?? this.#probed.multiplyAddMs * costOfScoring(architecture, 1)
  }

  #cpuMs(multiplyAdds: number): number {
    return (multiplyAdds * multiplyAddMs) / this.#threads
  }
}
