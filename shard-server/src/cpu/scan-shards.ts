/**
 * The exact plan: every eligible document of every shard asked for, in blocks, through the compiled q-net. Where a filter
 * leaves few, only those are read. It yields
 * after each block, so that whoever drives it can let other queries in between and end it at its deadline.
 */
import { nothingScanned, type RankPosition } from '@hypershard/common'
import { type BlockScorer, type RowIds, TopHits } from '@hypershard/qnet'
import { hasBit } from '@hypershard/storage'
import type { ScanHit, ScanStop, ShardScan } from '../ports.ts'
import { eligibleRows, type RowBlock, rowBlocks } from './row-blocks.ts'
import type { ScanSegment, ScanShard } from './scan-segment.ts'
import { copyRows, type VectorRows } from './vector-rows.ts'

export type PieceScorer = Pick<BlockScorer, 'score'>

export interface ScanOptions {
  readonly limit: number
  /** Only what ranks after this: the page after a cursor. */
  readonly after?: RankPosition | undefined
  /**
   * The number of the next block to score, counted over all segments of all shards: several scans with one counter
   * share the work. Numbers only grow.
   */
  readonly claimBlock: () => number
  /** Asked before each block; anything but undefined ends the scan there. */
  readonly stopBefore: (expectedBlockMs: number) => Exclude<ScanStop, 'complete'> | undefined
  readonly monotonicMs: () => number
}

/**
 * Scans the shards one after the other, the claimed blocks only. Yields after each block and returns one answer a shard,
 * in their order; shards that the deadline or a cancellation left untouched are among them, with nothing scored.
 */
export async function* scanShards(
  scorer: PieceScorer,
  shards: readonly ScanShard[],
  options: ScanOptions,
): AsyncGenerator<void, ShardScan[], void> {
  const progress: Progress = { stop: undefined, blockMs: 0, nextBlock: 0, claimed: options.claimBlock() }
  const scans: ShardScan[] = []
  for (const shard of shards) scans.push(yield* scanShard(scorer, shard, options, progress))
  return scans
}

/** What one shard's scan hands to the next. */
interface Progress {
  /** Why the whole scan has ended. */
  stop: Exclude<ScanStop, 'complete'> | undefined
  /** What a block last cost. */
  blockMs: number
  /** The number of the block that comes next, and of the one to score next. */
  nextBlock: number
  claimed: number
}

async function* scanShard(
  scorer: PieceScorer,
  shard: ScanShard,
  options: ScanOptions,
  progress: Progress,
): AsyncGenerator<void, ShardScan, void> {
  const top = new TopHits(options.limit, options.after)
  const positions = new Map<RowIds, number>()
  let documentsScored = 0
  let scoreMs = 0
  for (const { segment, position, excluded } of shard.segments) {
    positions.set(segment.ids, position)
    for (const block of rowBlocks(segment.vectors.rows, excluded)) {
      if (progress.nextBlock++ !== progress.claimed) continue
      progress.stop ??= options.stopBefore(progress.blockMs)
      if (progress.stop !== undefined) break
      const startMs = options.monotonicMs()
      const scores = await scorer.score(vectorsOf(segment.vectors, block))
      documentsScored += addBlock(top, scores, block, { ids: segment.ids, excluded })
      progress.blockMs = options.monotonicMs() - startMs
      scoreMs += progress.blockMs
      progress.claimed = options.claimBlock()
      yield
    }
  }
  return {
    shard: shard.shard,
    hits: toHits(top, positions),
    ...nothingScanned,
    documentsScored,
    plan: 'exact',
    nonFiniteScores: top.nonFiniteCount,
    stop: progress.stop ?? 'complete',
    scoreMs,
  }
}

function vectorsOf(vectors: VectorRows, { first, last, rows }: RowBlock): Float32Array {
  return rows === undefined ? vectors.range(first, last) : copyRows(Array.from(rows, row => ({ vectors, row })))
}

/** @returns how many of the block's rows are eligible */
function addBlock(
  top: TopHits,
  scores: Float32Array,
  { first, last, rows }: RowBlock,
  { ids, excluded }: { ids: RowIds; excluded: ScanSegment['excluded'] },
): number {
  if (rows === undefined) {
    top.add(scores, first, ids, excluded && (row => hasBit(excluded, row)))
    return eligibleRows(first, last, excluded)
  }
  for (const [index, row] of rows.entries()) top.addRow(scores[index]!, row, ids)
  return rows.length
}

/** @param positions of the segments, by their ids */
export function toHits(top: TopHits, positions: ReadonlyMap<RowIds, number>): ScanHit[] {
  return top.sorted().map(({ score, row, ids }) => ({
    id: Buffer.from(ids.idBytes(row)).toString(),
    score,
    segment: positions.get(ids)!,
    row,
  }))
}
