import { createHash } from 'node:crypto'
import { FakeEncoder } from '@hypershard/harness'
import { MemoryStore } from '@hypershard/harness/stores'
import { type ShardHit, ShardResult, StopReason } from '@hypershard/proto/shard'
import { commitManifest, createIndex, firstGeneration, latestManifest, shardOf } from '@hypershard/storage'

/** The hits that each shard has ready: as many as a page of the bench asks for, and one. */
export const hitsOfShard = 11

const documentsOfShard = 1_000
const segmentBytes = 4_000_000

/** An index of which only the records are stored, and what a search of each of its shards gives. */
export interface CannedIndex {
  readonly store: MemoryStore
  /** By shard. */
  readonly results: readonly ShardResult[]
}

export async function createCannedIndex(shape: { shards: number; replicas: number }): Promise<CannedIndex> {
  const store = new MemoryStore()
  const model = { name: 'words', digest: new FakeEncoder().models[0]!.digest }
  const record = await createIndex(store, { name: 'papers', model, vectorWidth: 16, ...shape })
  const current = await latestManifest(store, firstGeneration(record))
  const segments = Array.from({ length: shape.shards }, (_, shard) => ({
    digest: createHash('sha256').update(`${shard}`).digest('hex'),
    shard,
    documents: documentsOfShard,
    bytes: segmentBytes,
    truncated: 0,
    deleted: null,
  }))
  for (const { digest } of segments) {
    await store.put(`indexes/papers/generations/1/segments/${digest}/segment.json`, Buffer.from('{}'))
  }
  await commitManifest(store, current, { segments, log: { sequence: 1, parts: 0 } })
  const ids = idsByShard(shape.shards)
  return { store, results: segments.map(({ shard }) => resultOf(shard, ids[shard]!)) }
}

/** For each shard as many ids as it has hits, which are of that shard. */
function idsByShard(shards: number): string[][] {
  const ids: string[][] = Array.from({ length: shards }, () => [])
  for (let at = 0; ids.some(of => of.length < hitsOfShard); at++) {
    const of = ids[shardOf(`d${at}`, shards)]!
    if (of.length < hitsOfShard) of.push(`d${at}`)
  }
  return ids
}

function resultOf(shard: number, ids: readonly string[]): ShardResult {
  const hits = ids.map((id, row): ShardHit => {
    const document = { id, title: '', text: `the text of ${id}`, fieldsJson: '{}' }
    // Which shards have the best hits is as good as drawn.
    const score = ((shard * 7_919) % 104_729) / 104_729 - row / 10
    return { id, score, address: { segment: shard, row }, document, passage: undefined, sort: [] }
  })
  const counts = { documentsScored: documentsOfShard, documentsMatched: documentsOfShard }
  return ShardResult.fromPartial({ shard, hits, ...counts, stopReason: StopReason.STOP_REASON_COMPLETE })
}
