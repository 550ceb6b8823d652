/**
 * One scoring thread's way through the shards of an exact scan. All threads go through the same pieces in
 * the same order and count them; each works on those whose numbers it claims. It yields after each step, so that whoever
 * drives it can let other queries in between, and ends at the query's deadline.
 */
import type { ScanStop, ShardScan } from '../ports.ts'
import type { ScanSegment, ScanShard } from './scan-segment.ts'

export interface DriveOptions {
  /**
   * The number of the next piece to work on, counted over all segments of all shards: several scans with one counter
   * share the work. Numbers only grow.
   */
  readonly claimPiece: () => number
  /** Asked before each step; anything but undefined ends the scan there. */
  readonly stopBefore: (expectedStepMs: number) => Exclude<ScanStop, 'complete'> | undefined
  readonly monotonicMs: () => number
}

/** What is done with one shard. */
export interface ShardWork<Piece> {
  /** What threads claim of a segment, the same for every thread. */
  pieces(at: ScanSegment, index: number): Iterable<Piece>
  /** Works on one claimed piece of the segment. */
  take(piece: Piece, at: ScanSegment, index: number): Promise<void> | void
  /** What was found, by then: after all, or after the scan was stopped. */
  found(): Omit<ShardScan, 'shard' | 'stop' | 'scoreMs'>
}

/**
 * Goes through the shards one after the other. Yields after each step and returns one answer a shard, in their order;
 * shards that the deadline or a cancellation left untouched are among them, with nothing scored.
 */
export async function* driveScan<Shard extends ScanShard, Piece>(
  shards: readonly Shard[],
  workOn: (shard: Shard) => ShardWork<Piece>,
  options: DriveOptions,
): AsyncGenerator<void, ShardScan[], void> {
  const pace = new Pace(options)
  const scans: ShardScan[] = []
  for (const shard of shards) {
    const work = workOn(shard)
    pace.workMs = 0
    yield* takePieces(shard, work, pace)
    scans.push({ shard: shard.shard, ...work.found(), stop: pace.stop ?? 'complete', scoreMs: pace.workMs })
  }
  return scans
}

async function* takePieces<Piece>(
  { segments }: ScanShard,
  work: ShardWork<Piece>,
  pace: Pace,
): AsyncGenerator<void, void, void> {
  for (const [index, at] of segments.entries()) {
    for (const piece of work.pieces(at, index)) {
      if (!pace.isNextClaimed()) continue
      if (!pace.mayGoOn()) return
      pace.begin()
      await work.take(piece, at, index)
      pace.end()
      pace.claimNext()
      yield
    }
  }
}

/** Where a scan is, over all its shards, and what its steps cost. */
class Pace {
  readonly #options: DriveOptions
  #nextPiece = 0
  #claimedPiece: number
  #stepMs = 0
  #begunMs = 0
  /** Why the whole scan has ended. */
  stop: Exclude<ScanStop, 'complete'> | undefined
  /** What the steps on the present shard took. */
  workMs = 0

  constructor(options: DriveOptions) {
    this.#options = options
    this.#claimedPiece = options.claimPiece()
  }

  /** Counts a piece. */
  isNextClaimed(): boolean {
    return this.#nextPiece++ === this.#claimedPiece
  }

  claimNext(): void {
    this.#claimedPiece = this.#options.claimPiece()
  }

  mayGoOn(): boolean {
    this.stop ??= this.#options.stopBefore(this.#stepMs)
    return this.stop === undefined
  }

  begin(): void {
    this.#begunMs = this.#options.monotonicMs()
  }

  end(): void {
    this.#stepMs = this.#options.monotonicMs() - this.#begunMs
    this.workMs += this.#stepMs
  }
}
