import assert from 'node:assert/strict'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import type { ObjectStore } from '../../store/object-store.ts'
import { createTestGeneration, testDocument, writeTestSegment } from '../../testing/write-segment.ts'
import { writeAside } from '../aside/aside-file.ts'
import { commitSegments } from '../commit/commit-segments.ts'
import { latestManifest } from '../manifest-store.ts'
import { countSlices, readSlice } from './slices.ts'

describe('the slices of a generation', () => {
  let temporary: TemporaryStore
  let store: ObjectStore

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
  })

  afterEach(() => temporary.remove())

  it('have every document once, those set aside too, and none that is deleted', async () => {
    const generation = await createTestGeneration(store)
    const ids = Array.from({ length: 4_096 + 3 }, (_, row) => `d${row}`)
    const large = await writeTestSegment(
      store,
      ids.map(id => testDocument(id, '')),
    )
    const first = await commitSegments(store, await latestManifest(store, generation), [large])
    const small = await writeTestSegment(
      store,
      ['d7', 'e'].map(id => testDocument(id, '', 2)),
    )
    const aside = await writeAside(store, first, [{ ...testDocument('z'), code: 'internal', message: 'told to fail' }])
    const manifest = await commitSegments(store, first, [small], { deletedIds: ['d4095', 'd4097'], aside })

    const slices = await Promise.all(
      Array.from({ length: countSlices(manifest) }, (_, slice) => readSlice(store, manifest, slice)),
    )
    assert.deepEqual(
      slices.map(({ length }) => length),
      [4_094, 2, 2, 1],
    )
    const found = slices.flat().map(({ id, version }) => `${id}@${version}`)
    const expected = ids.filter(id => !['d7', 'd4095', 'd4097'].includes(id)).map(id => `${id}@1`)
    assert.deepEqual(found.sort(), [...expected, 'd7@2', 'e@2', 'z@1'].sort())
    assert.deepEqual(slices.at(-1), [testDocument('z')], 'a document set aside comes without the reason')
  })

  it('give each document the vector of its row, where they are asked for', async () => {
    const generation = await createTestGeneration(store)
    const segment = await writeTestSegment(
      store,
      ['a', 'b', 'c'].map(id => testDocument(id)),
    )
    const manifest = await commitSegments(store, await latestManifest(store, generation), [segment], {})
    const left = await commitSegments(store, manifest, [], { deletedIds: ['b'] })
    const read = await readSlice(store, left, 0, { withVectors: true })
    // Value n of the segment is n.
    const rows = read.map(({ id, vector }) => [id, vector!.values[0]! / vector!.values.length])
    assert.deepEqual(rows, [
      ['a', 0],
      ['c', 2],
    ])
    assert.equal((await readSlice(store, left, 0))[0]!.vector, undefined)
  })

  it('are none of an empty generation, and nothing beyond the last', async () => {
    const manifest = await latestManifest(store, await createTestGeneration(store))
    assert.deepEqual([countSlices(manifest), await readSlice(store, manifest, 0)], [0, []])
  })
})
