import { HypershardError } from '@hypershard/common'
import { blockRows } from '@hypershard/qnet'
import type { ComposedQNets, LeafScores } from '../../ports.ts'
import { firstVectorOf } from '../document-rows.ts'
import type { RankOptions } from '../rank-candidates.ts'
import type { ScannableSegment } from '../scan-segment.ts'
import { copyRows } from '../vector-rows.ts'
import type { ComposedScorer } from './composed-scorer.ts'
import { decidingLeaf } from './expression.ts'

interface RowOfSegment {
  readonly segment: ScannableSegment
  readonly row: number
  readonly passage: number | undefined
}

/**
 * What each leaf says of some documents, a block at each turn. Hits are scored again for it: they are few, and a row's score
 * has the same bits beside whatever others.
 * @throws HypershardError `deadline_exceeded`, `cancelled`
 */
export async function scoreLeaves(
  scorer: ComposedScorer,
  { leaves, expression }: ComposedQNets,
  rows: readonly RowOfSegment[],
  takeTurn: RankOptions['takeTurn'],
): Promise<LeafScores> {
  const scores = new Float32Array(rows.length * leaves.length)
  const deciding = new Uint8Array(rows.length)
  for (let first = 0; first < rows.length; first += blockRows) {
    const block = rows.slice(first, first + blockRows)
    const stop = await takeTurn(async () => {
      const byLeaf = await scorer.leafScores(copyRows(block.map(vectorOf)))
      for (const at of block.keys()) {
        const own = byLeaf.map(all => all.subarray(at, at + 1))
        for (const [leaf, [score]] of own.entries()) scores[(first + at) * leaves.length + leaf] = score!
        deciding[first + at] = decidingLeaf(expression, own)
      }
    })
    if (stop !== undefined) throw stopped(stop)
  }
  return { scores, deciding }
}

function vectorOf({ segment: { vectors, starts }, row, passage = 0 }: RowOfSegment) {
  return { vectors, row: firstVectorOf(starts, row) + passage }
}

function stopped(stop: 'deadline' | 'cancelled'): HypershardError {
  if (stop === 'cancelled')
    return new HypershardError('cancelled', 'the caller went away before the leaves were scored')
  return new HypershardError(
    'deadline_exceeded',
    'no time was left to tell what leaves score; allow a longer timeout_ms',
  )
}
