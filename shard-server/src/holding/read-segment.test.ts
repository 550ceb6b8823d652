import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createDirectoryStore,
  type Fields,
  type ObjectStore,
  type SegmentReference,
  segmentAt,
} from '@hypershard/storage'
import { createTestIndex, putTestDocuments, testDocuments } from '../testing/test-index.ts'
import { readSegment } from './read-segment.ts'

const width = 8
const fields: Fields = { name: { type: 'keyword', list: false } }

/** Flips a byte of what is read of some object, so many times. */
function damagedOnTheWay(store: ObjectStore, ending: string, times: number): ObjectStore {
  let left = times
  const flipped = (bytes: Uint8Array<ArrayBuffer>) => {
    if (left-- > 0) bytes[bytes.length >> 1]! ^= 1
    return bytes
  }
  return new Proxy(store, {
    get(target, name) {
      const { get, openRange } = target
      if (name === 'get') {
        return async (key: string) => {
          const bytes = await get.call(target, key)
          return bytes !== undefined && key.endsWith(ending) ? flipped(bytes) : bytes
        }
      }
      if (name === 'openRange') {
        return async (key: string) => {
          const range = await openRange.call(target, key)
          if (range === undefined || !key.endsWith(ending)) return range
          const read = async (offset: number, length: number) => flipped(await range.read(offset, length))
          return { bytes: range.bytes, read, close: () => range.close() }
        }
      }
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

describe('readSegment', () => {
  let directory: string
  let store: ObjectStore
  let segment: SegmentReference
  let scratch: string

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-read-segment-'))
    store = await createDirectoryStore(directory)
    const empty = await createTestIndex(store, { name: 'papers', width, shards: 1, fields })
    const manifest = await putTestDocuments(store, empty, testDocuments(20, width), [])
    segment = segmentAt(manifest, manifest.segments[0]!)
  })

  after(() => rm(directory, { recursive: true }))

  beforeEach(async () => {
    scratch = await mkdtemp(join(directory, 'scratch-'))
  })

  const read = (from: ObjectStore, vectors: 'memory' | 'disk') =>
    readSegment(from, segment, fields, { vectors, scratch })

  it('copies the graph to where it can be opened', async () => {
    const { graph } = await read(store, 'memory')
    const stored = await readFile(
      join(directory, `indexes/papers/generations/1/segments/${segment.digest}/graph.usearch`),
    )
    assert.deepEqual(await readFile(graph!.path), stored)
    assert.equal(graph!.bytes, stored.length)
  })

  it('reads a sound segment once', async () => {
    const { vectors, ids, scanCopy, firstProblem } = await read(store, 'memory')
    assert.ok(!('path' in vectors))
    assert.deepEqual(
      [vectors.length, ids.offsets.length, scanCopy.stretches.length, firstProblem],
      [20 * width, 21, 1, undefined],
    )
  })

  it('puts vectors that are held on disk into a file of nothing else', async () => {
    const [{ vectors, ...inMemory }, { vectors: file, ...onDisk }] = [
      await read(store, 'memory'),
      await read(store, 'disk'),
    ]
    assert.ok('path' in file && !('path' in vectors))
    assert.deepEqual(await readFile(file.path), Buffer.from(vectors.buffer))
    assert.deepEqual({ ...onDisk, graph: undefined }, { ...inMemory, graph: undefined })
  })

  const files = [
    'segment.json',
    'vectors.safetensors',
    'ids.arrow',
    'documents.arrow',
    'columns.arrow',
    'graph.usearch',
  ]
  for (const place of ['memory', 'disk'] as const) {
    for (const file of files) {
      it(`reads again when ${file} was damaged on the way, and says so (${place})`, async () => {
        const { scanCopy, firstProblem } = await read(damagedOnTheWay(store, file, 1), place)
        assert.deepEqual(scanCopy, (await read(store, 'memory')).scanCopy)
        assert.match(firstProblem!, new RegExp(file.replace('.', '\\.')))
      })

      it(`refuses ${file} when it is damaged both times, and leaves no copy (${place})`, async () => {
        const broken = read(damagedOnTheWay(store, file, Number.POSITIVE_INFINITY), place)
        await assert.rejects(broken, { code: 'corrupt_data' })
        assert.deepEqual(await readdir(scratch), [])
      })
    }
  }
})
