import assert from 'node:assert/strict'
import { hash } from 'node:crypto'

/** Far above any real count; keeps the arithmetic below exact in doubles. */
const shardsMax = 2 ** 16

/**
 * The shard of a document: the first 8 bytes of SHA-256 of its id (UTF-8), as a big-endian unsigned number, modulo
 * the number of shards. Fixed for an index's life.
 * @example
 * ```ts
 * shardOf('doc-17', 4) // 3, always
 * ```
 */
export function shardOf(id: string, shards: number): number {
  assert(Number.isInteger(shards) && shards >= 1 && shards <= shardsMax, `not a number of shards: ${shards}`)
  const digest = hash('sha256', id, 'buffer')
  const high = digest.readUInt32BE(0) % shards
  const low = digest.readUInt32BE(4) % shards
  return (high * (2 ** 32 % shards) + low) % shards
}
