import type { FoundHit } from '../shard-answer.ts'
import type { GroupValue } from './group-hits.ts'

/** A hit that may have a score of a cross-encoder. */
export interface RankedHit extends FoundHit {
  readonly rerankScore?: number
}

/** Hits with the same value of a field, in their last order. */
export interface RankedGroup {
  readonly value: GroupValue
  readonly hits: readonly RankedHit[]
}
