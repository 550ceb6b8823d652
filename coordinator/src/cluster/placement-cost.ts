import { type Manifest, rowBytesOf } from '@hypershard/storage'

/** Neighbouring classes of cost differ by this factor. */
const classFactor = 4
/** A shard with less costs as much as one with this many bytes. */
const bytesMin = 4 * 1024 * 1024

/**
 * What each shard of an index counts when it is placed: 1 for one like most, 4 for one with two to eight times their
 * bytes, 1/4 for one with an eighth to a half, and so on. Classes are as coarse as that because each commit changes bytes
 * a little, and a shard that changes its class may change its place: shards that are divided by a hash stay in class 1
 * however the index grows, and coordinators that know neighbouring versions of a manifest place alike.
 */
export function costsOf(shardBytes: readonly number[]): number[] {
  const bytes = shardBytes.map(of => Math.max(bytesMin, of))
  const median = bytes.toSorted((a, b) => a - b)[bytes.length >> 1] ?? bytesMin
  return bytes.map(of => classFactor ** Math.round(Math.log2(of / median) / Math.log2(classFactor)))
}

/**
 * What each shard takes of a shard server's memory, as far as the manifest tells: the rows of its segments, deleted ones
 * too, with their f32 vectors. The shard server counts them alike before it loads them, and adds what only the segments'
 * own records tell: ids, fields, graphs.
 */
export function shardBytesOf(manifest: Pick<Manifest, 'shards' | 'vectorWidth' | 'segments'>): number[] {
  const bytes = new Array<number>(manifest.shards).fill(0)
  for (const { shard, documents, passages } of manifest.segments) {
    bytes[shard]! += rowBytesOf({ documents, passages, vectorWidth: manifest.vectorWidth }, 'memory')
  }
  return bytes
}
