import { type RankStart, rankScore } from '@hypershard/common'

/** Ids by row, in UTF-8, read only where scores tie: strings for a million rows would cost more than the scan. */
export interface RowIds {
  idBytes(row: number): Uint8Array
}

export interface TopRow {
  readonly score: number
  readonly row: number
  readonly ids: RowIds
  /** Whatever was said of the row. */
  readonly passage?: number | undefined
}

/**
 * Keeps the best `limit` rows of any number of blocks: score descending, then id ascending by UTF-8 bytes, scores that
 * are not finite last. A binary heap with the worst row on top, so a row that is not good enough costs one comparison;
 * one pass over 1,024 scores takes about a microsecond, against milliseconds to compute them, which is why selection is
 * not part of the graph.
 * @example
 * ```ts
 * const top = new TopHits(10)
 * for (const { firstRow, vectors } of blocks) top.add(await qnet.score(vectors), firstRow, ids)
 * const best = top.sorted()
 * ```
 */
export class TopHits {
  readonly #limit: number
  readonly #after: { score: number; idBytes: Uint8Array; inclusive: boolean } | undefined
  readonly #heap: TopRow[] = []
  #nonFinite = 0
  #before = 0

  /** @param after leaves out every row before this position, and the one at it unless it is inclusive: the page after a cursor */
  constructor(limit: number, after?: RankStart) {
    this.#limit = limit
    const { inclusive = false } = after ?? {}
    this.#after = after && { score: rankScore(after.score), idBytes: Buffer.from(after.id), inclusive }
  }

  /** How many rows were left out because of `after`. */
  get beforeCount(): number {
    return this.#before
  }

  /** How many scores were NaN or infinite. */
  get nonFiniteCount(): number {
    return this.#nonFinite
  }

  /**
   * Offers the rows `firstRow`, `firstRow + 1`, ... with these scores.
   * @param isExcluded rows to leave out
   * @param passages of each row, see `TopRow`
   */
  add(
    scores: Float32Array,
    firstRow: number,
    ids: RowIds,
    {
      isExcluded,
      passages,
    }: { isExcluded?: ((row: number) => boolean) | undefined; passages?: Int32Array | undefined } = {},
  ): void {
    for (let index = 0; index < scores.length; index++) {
      const row = firstRow + index
      if (!isExcluded?.(row)) this.addRow(scores[index]!, row, ids, passages?.[index])
    }
  }

  /** Offers one row. */
  addRow(score: number, row: number, ids: RowIds, passage?: number): void {
    if (!Number.isFinite(score)) this.#nonFinite++
    else if (this.#heap.length === this.#limit && score < rankScore(this.#heap[0]!.score)) return
    this.#offer({ score, row, ids, passage })
  }

  /** The kept rows, best first. */
  sorted(): TopRow[] {
    return [...this.#heap].sort(compareRows)
  }

  #offer(candidate: TopRow): void {
    if (this.#after !== undefined && !ranksAfter(candidate, this.#after)) {
      this.#before++
      return
    }
    if (this.#heap.length < this.#limit) {
      this.#heap.push(candidate)
      this.#siftUp(this.#heap.length - 1)
    } else if (compareRows(candidate, this.#heap[0]!) < 0) {
      this.#heap[0] = candidate
      this.#siftDown(0)
    }
  }

  #siftUp(start: number): void {
    let child = start
    while (child > 0) {
      const parent = (child - 1) >> 1
      if (compareRows(this.#heap[child]!, this.#heap[parent]!) <= 0) return
      this.#swap(child, parent)
      child = parent
    }
  }

  #siftDown(start: number): void {
    let parent = start
    for (;;) {
      let worst = parent
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < this.#heap.length && compareRows(this.#heap[child]!, this.#heap[worst]!) > 0) worst = child
      }
      if (worst === parent) return
      this.#swap(worst, parent)
      parent = worst
    }
  }

  #swap(a: number, b: number): void {
    const held = this.#heap[a]!
    this.#heap[a] = this.#heap[b]!
    this.#heap[b] = held
  }
}

function compareRows(a: TopRow, b: TopRow): number {
  const [scoreA, scoreB] = [rankScore(a.score), rankScore(b.score)]
  if (scoreA !== scoreB) return scoreB - scoreA
  return Buffer.compare(a.ids.idBytes(a.row), b.ids.idBytes(b.row))
}

function ranksAfter(row: TopRow, position: { score: number; idBytes: Uint8Array; inclusive: boolean }): boolean {
  const score = rankScore(row.score)
  if (score !== position.score) return score < position.score
  const order = Buffer.compare(row.ids.idBytes(row.row), position.idBytes)
  return order > 0 || (order === 0 && position.inclusive)
}
