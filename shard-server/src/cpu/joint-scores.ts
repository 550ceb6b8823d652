import { blockRows } from '@hypershard/qnet'
import type { RowOfVectors } from './vector-rows.ts'

type Rows = readonly RowOfVectors[]

/** Scores of rows, by a query's q-net, or by all of a composed query's. */
export type ScoreRows = (rows: Rows) => Promise<Float32Array>

/** Rows that one shard wants scored. */
export interface ScoreWish {
  /** At most `blockRows`. */
  readonly rows: Rows
  /** Undefined until they are scored. */
  scores: Float32Array | undefined
}

/**
 * Rows of several shards scored in one run of a query's q-net: a run reads all its weights, for 30 rows as for 60. A row's
 * score is the same to the bit beside whatever others.
 */
export class JointScores {
  readonly #score: ScoreRows
  #wishes: ScoreWish[] = []

  constructor(score: ScoreRows) {
    this.#score = score
  }

  add(rows: Rows): ScoreWish {
    const wish: ScoreWish = { rows, scores: undefined }
    this.#wishes.push(wish)
    return wish
  }

  /** Scores the rows of this wish, and of as many others as there is room for in a block. */
  async grant(granted: ScoreWish): Promise<void> {
    const wishes = [granted]
    let count = granted.rows.length
    for (const wish of this.#wishes) {
      if (wish === granted || count + wish.rows.length > blockRows) continue
      wishes.push(wish)
      count += wish.rows.length
    }
    this.#wishes = this.#wishes.filter(wish => !wishes.includes(wish))
    const scores = await this.#score(wishes.flatMap(({ rows }) => rows))
    let first = 0
    for (const wish of wishes) {
      wish.scores = scores.subarray(first, first + wish.rows.length)
      first += wish.rows.length
    }
  }
}
