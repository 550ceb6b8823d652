import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HypershardError } from '@hypershard/common'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import { firstGeneration, type GenerationRecord } from '../../catalog/generation/generation-record.ts'
import { createIndex } from '../../catalog/index/index-record.ts'
import { commitSegments } from '../../manifest/commit/commit-segments.ts'
import type { Manifest, SegmentEntry } from '../../manifest/manifest.ts'
import { segmentAt } from '../../manifest/manifest-files.ts'
import { latestManifest } from '../../manifest/manifest-store.ts'
import { verifyGeneration } from '../../manifest/verify/verify-generation.ts'
import { testDocument, testModel, testWidth } from '../../testing/write-segment.ts'
import type { StoredDocument } from '../documents-file.ts'
import { mergeSegments } from '../merge-segments.ts'
import { openSegment } from '../segment-reader.ts'
import { createSegmentWriter, newSegmentOf } from '../segment-writer.ts'
import { LexicalIndex } from './lexical-index.ts'

describe('the words of a stored segment', () => {
  let temporary: TemporaryStore
  let generation: GenerationRecord

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    const settings = { model: testModel, vectorWidth: testWidth, shards: 1, replicas: 1 }
    const lexical = { analyzer: 'english' } as const
    generation = firstGeneration(await createIndex(temporary.store, { name: 'papers', ...settings, lexical }))
  })

  afterEach(() => temporary.remove())

  async function commit(documents: readonly StoredDocument[]): Promise<Manifest> {
    const manifest = await latestManifest(temporary.store, generation)
    const writer = await createSegmentWriter(temporary.store, {
      ...newSegmentOf(manifest),
      shard: 0,
      documents: documents.length,
    })
    await writer.append(documents, new Float32Array(documents.length * testWidth))
    return commitSegments(temporary.store, manifest, [await writer.finish()])
  }

  async function rowsWith(manifest: Manifest, entry: SegmentEntry, term: string): Promise<number[]> {
    const reader = await openSegment(temporary.store, segmentAt(manifest, entry))
    const postings = new LexicalIndex(await reader.loadLexical(), reader.documents).postingsOf(term)
    const rows: number[] = []
    for (let row = postings?.nextRow() ?? -1; row !== -1; row = postings!.nextRow()) rows.push(row)
    return rows
  }

  it('are those of the generation’s analyzer, and counted among its bytes', async () => {
    const manifest = await commit([testDocument('one', 'Stars twinkle'), testDocument('two', 'Bread rises')])
    const [entry] = manifest.segments
    assert.deepEqual(await rowsWith(manifest, entry!, 'twinkl'), [0])
    assert.deepEqual(await rowsWith(manifest, entry!, 'rise'), [1])
    const { fileBytes, hasLexical } = await openSegment(temporary.store, segmentAt(manifest, entry!))
    assert.ok(hasLexical)
    const bytes = Object.values(fileBytes).reduce((sum, file) => sum + file, 0)
    assert.ok(fileBytes['lexical.safetensors'] > 0 && bytes < entry!.bytes)
  })

  it('are there again when segments are merged, without those of deleted documents', async () => {
    await commit([testDocument('one', 'old stars'), testDocument('two', 'bread')])
    const manifest = await commit([testDocument('one', 'new stars', 2), testDocument('three', 'more bread', 2)])
    const merged = await mergeSegments(temporary.store, manifest, manifest.segments)
    assert.deepEqual(await rowsWith(manifest, merged!, 'old'), [])
    assert.deepEqual(await rowsWith(manifest, merged!, 'star'), [1])
    assert.deepEqual(await rowsWith(manifest, merged!, 'bread'), [0, 2])
  })

  it('are named when a byte of them has flipped, by whoever loads or verifies them', async () => {
    const manifest = await commit([testDocument('one')])
    const { digest } = manifest.segments[0]!
    const path = join(temporary.root, 'indexes/papers/generations/1/segments', digest, 'lexical.safetensors')
    const bytes = await readFile(path)
    bytes[bytes.length - 1]! ^= 1
    await writeFile(path, bytes)
    const reader = await openSegment(temporary.store, segmentAt(manifest, manifest.segments[0]!))
    await assert.rejects(
      reader.loadLexical(),
      error =>
        error instanceof HypershardError && error.code === 'corrupt_data' && /lexical\.safetensors/.test(error.message),
    )
    const { problems } = await verifyGeneration(temporary.store, manifest)
    assert.match(problems.join(), /lexical\.safetensors/)
  })
})
