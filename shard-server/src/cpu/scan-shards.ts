/**
 * The exact plan: every eligible document of every shard asked for, in blocks, through the compiled q-net. Where a filter
 * leaves few, only those are read.
 */
import { nothingScanned, type RankStart } from '@hypershard/common'
import { type BlockScorer, type RowIds, TopHits } from '@hypershard/qnet'
import { hasBit } from '@hypershard/storage/rows'
import type { ScanHit, ShardScan } from '../ports.ts'
import {
  bestOfEach,
  countOfRow,
  type DocumentScores,
  documentsOf,
  firstVectorOf,
  type VectorStarts,
  vectorsOfRow,
} from './document-rows.ts'
import { type DriveOptions, driveScan, type ShardWork } from './drive-scan.ts'
import { eligibleRows, type RowBlock, rowBlocks } from './row-blocks.ts'
import type { ScannableSegment, ScanSegment, ScanShard } from './scan-segment.ts'
import { writeBlock } from './score-sheet.ts'
import { copyRows } from './vector-rows.ts'

export type PieceScorer = Pick<BlockScorer, 'score'>

export interface ScanOptions extends DriveOptions {
  readonly limit: number
  /** Only what ranks after this: the page after a cursor. */
  readonly after?: RankStart | undefined
}

/** Scores the claimed blocks of the shards; see `driveScan`. */
export function scanShards(
  scorer: PieceScorer,
  shards: readonly ScanShard[],
  options: ScanOptions,
): AsyncGenerator<void, ShardScan[], void> {
  return driveScan(shards, shard => scoreBlocks(scorer, shard, options), options)
}

function scoreBlocks(scorer: PieceScorer, { segments }: ScanShard, { limit, after }: ScanOptions): ShardWork<RowBlock> {
  const top = new TopHits(limit, after)
  const positions = new Map<RowIds, number>(segments.map(({ segment, position }) => [segment.ids, position]))
  let documentsScored = 0
  let nonFinite = 0
  return {
    pieces: ({ segment, excluded }) =>
      rowBlocks(documentsOf(segment.starts, segment.vectors.rows), excluded, segment.starts),
    take: async (block, { segment, excluded, sheet }) => {
      const scores = documentScores(await scorer.score(vectorsOf(segment, block)), block, segment.starts)
      if (sheet === undefined) {
        documentsScored += addBlock(top, scores, block, { ids: segment.ids, excluded })
        return
      }
      const written = writeBlock(sheet, scores, block, excluded)
      documentsScored += written.scored
      nonFinite += written.nonFinite
    },
    found: () => ({
      hits: toHits(top, positions),
      ...nothingScanned,
      documentsScored,
      plan: 'exact',
      nonFiniteScores: top.nonFiniteCount + nonFinite,
      beforeCount: top.beforeCount,
    }),
  }
}

function vectorsOf({ vectors, starts }: ScannableSegment, { first, last, rows }: RowBlock): Float32Array {
  if (rows === undefined) return vectors.range(firstVectorOf(starts, first), firstVectorOf(starts, last))
  return copyRows(Array.from(rows, row => vectorsOfRow(starts, row)).flatMap(own => own.map(row => ({ vectors, row }))))
}

function documentScores(scores: Float32Array, { first, last, rows }: RowBlock, starts: VectorStarts): DocumentScores {
  if (starts === undefined) return { scores, passages: undefined }
  const all = rows ?? Array.from({ length: last - first }, (_, at) => first + at)
  return bestOfEach(
    scores,
    Array.from(all, row => countOfRow(starts, row)),
  )
}

/** @returns how many of the block's rows are eligible */
function addBlock(
  top: TopHits,
  { scores, passages }: DocumentScores,
  { first, last, rows }: RowBlock,
  { ids, excluded }: { ids: RowIds; excluded: ScanSegment['excluded'] },
): number {
  if (rows === undefined) {
    const isExcluded = excluded && ((row: number) => hasBit(excluded, row))
    top.add(scores, first, ids, { isExcluded, passages })
    return eligibleRows(first, last, excluded)
  }
  for (const [index, row] of rows.entries()) top.addRow(scores[index]!, row, ids, passages?.[index])
  return rows.length
}

/** @param positions of the segments, by their ids */
export function toHits(top: TopHits, positions: ReadonlyMap<RowIds, number>): ScanHit[] {
  return top.sorted().map(({ score, row, ids, passage }) => ({
    id: Buffer.from(ids.idBytes(row)).toString(),
    score,
    segment: positions.get(ids)!,
    row,
    ...(passage !== undefined && { passage }),
  }))
}
