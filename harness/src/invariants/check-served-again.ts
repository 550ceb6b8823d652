import assert from 'node:assert/strict'

export interface ServedAgain {
  /** When something happened that may take a shard away: a server died, left, could not be reached, or came back empty. */
  readonly lossesMs: readonly number[]
  /** When somebody found a shard that nobody served. */
  readonly unserved: readonly { readonly atMs: number; readonly shard: number }[]
  /** The grace, and what it takes to notice a loss and to load. */
  readonly withinMs: number
}

/** Throws an AssertionError when a shard is not served although the last loss is longer ago than it takes to mend. */
export function checkServedAgain({ lossesMs, unserved, withinMs }: ServedAgain): void {
  for (const { atMs, shard } of unserved) {
    const last = Math.max(Number.NEGATIVE_INFINITY, ...lossesMs.filter(lossMs => lossMs <= atMs))
    assert.ok(
      atMs - last <= withinMs,
      `shard ${shard} is not served at ${atMs}, ${atMs - last} ms after the last loss; it takes ${withinMs} at most`,
    )
  }
}
