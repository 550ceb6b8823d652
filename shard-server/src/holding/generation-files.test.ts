import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { readRangeSample } from '@hypershard/storage'
import { createTestIndex, putTestDocuments, testDocuments } from '../testing/test-index.ts'
import { createTestStore } from '../testing/test-shard-server.ts'
import { GenerationFiles } from './generation-files.ts'

describe('the samples of a generation', () => {
  it('are read once, into memory that threads share', async () => {
    const { store, remove } = await createTestStore()
    try {
      const empty = await createTestIndex(store, { name: 'a', width: 8, shards: 1 })
      const manifest = await putTestDocuments(store, empty, testDocuments(30, 8))
      const files = new GenerationFiles(store)
      const soon = Deadline.after(10_000)
      const range = await files.rangeSample(manifest, soon)
      const { vectors: scale } = await files.scaleSample(manifest, soon)
      assert.deepEqual([...range], [...(await readRangeSample(store, manifest))])
      for (const sample of [range, scale]) assert(sample.buffer instanceof SharedArrayBuffer && sample.length > 0)
      assert.equal(await files.rangeSample(manifest, soon), range)
    } finally {
      await remove()
    }
  })
})
