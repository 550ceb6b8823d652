import assert from 'node:assert/strict'
import { hash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { casesOf } from '@hypershard/harness'
import { createTemporaryStore, mountSmallDisk, type SmallDisk, type TemporaryStore } from '@hypershard/harness/stores'
import fc from 'fast-check'
import type { SegmentEntry } from '../manifest/manifest.ts'
import { createDirectoryStore } from '../store/directory-store.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { testDocument, testModel, testWidth, writeTestSegment } from '../testing/write-segment.ts'
import { documentsPerBatch, type StoredDocument } from './documents-file.ts'
import { ArrowTextWriter } from './formats/arrow-text-writer.ts'
import { textAt, utf8Column } from './formats/utf8-column.ts'
import { encodeIds } from './ids-file.ts'
import { openSegment } from './segment-reader.ts'
import { encodeSegmentRecord, readSegmentRecord } from './segment-record.ts'
import { createSegmentWriter } from './segment-writer.ts'
import { encodeVectorsHeader } from './vectors-file.ts'
import { chunkBytes } from './verified-file.ts'

const papers = { index: 'papers', generation: 1 }
const newSegment = { ...papers, shard: 0, vectorWidth: testWidth, modelDigest: testModel.digest }
const manyDocuments = Array.from({ length: 3 * documentsPerBatch + 5 }, (_, row) => testDocument(`document-${row}`))

const reference = ({ digest }: SegmentEntry) => ({ ...papers, digest })

/** A segment of one document as it was before `read` was written: no such column, and no such member of its record. */
async function writeOlderSegment(root: string, id: string) {
  const document = testDocument(id)
  const names = ['id', 'title', 'text', 'fields', 'version'] as const
  const arrow = new ArrowTextWriter(names)
  const batch = arrow.batch(names.map(name => utf8Column([String(document[name])])))
  const contents = {
    'documents.arrow': Buffer.concat([...batch, ...arrow.end()]),
    'ids.arrow': Buffer.concat([...encodeIds(utf8Column([id]))]),
    'vectors.safetensors': Buffer.concat([
      encodeVectorsHeader({ rows: 1, vectorWidth: testWidth }),
      Buffer.from(new Float32Array(testWidth).buffer),
    ]),
  }
  const seals = Object.entries(contents).map(([name, content]) => [
    name,
    { sha256: hash('sha256', content, 'hex'), bytes: content.length },
  ])
  const { bytes, digest } = encodeSegmentRecord({
    format: 'hypershard.segment/2',
    shard: 0,
    documents: 1,
    vectorWidth: testWidth,
    modelDigest: testModel.digest,
    truncated: 0,
    documentsPerBatch,
    writeId: randomUUID(),
    files: Object.fromEntries(seals),
  })
  const folder = join(root, 'indexes/papers/generations/1/segments', digest)
  await mkdir(folder, { recursive: true })
  for (const [name, content] of Object.entries(contents)) await writeFile(join(folder, name), content)
  await writeFile(join(folder, 'segment.json'), bytes)
  return { folder, digest }
}

/** Loads and checks all of a segment, as a shard server does. */
async function loadSegment(store: ObjectStore, entry: SegmentEntry) {
  const reader = await openSegment(store, reference(entry))
  const vectors = await reader.loadVectors()
  const ids = await reader.loadIds()
  await reader.verifyDocuments()
  const documents = await reader.openDocuments()
  try {
    const rows = Array.from({ length: reader.documents }, (_, row) => row)
    return { reader, vectors, ids: rows.map(row => textAt(ids, row)), documents: await documents.read(rows) }
  } finally {
    await documents.close()
  }
}

describe('a segment', () => {
  let temporary: TemporaryStore
  let store: ObjectStore

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
  })

  afterEach(() => temporary.remove())

  const folderOf = (entry: SegmentEntry) => join(temporary.root, 'indexes/papers/generations/1/segments', entry.digest)

  it('gives back every document and vector, however they came in', async () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom('', '\ufeffmark', 'é😀'))
    const document = fc.record(
      {
        id: text,
        title: text,
        text,
        fields: text,
        version: fc.nat(),
        read: fc.record(
          { tokens: fc.nat(8_192), unknown: fc.nat(8_192), cutOff: fc.constant(true) },
          { noNullPrototype: true, requiredKeys: ['tokens', 'unknown'] },
        ),
      },
      { noNullPrototype: true, requiredKeys: ['id', 'title', 'text', 'fields', 'version'] },
    )
    const pieces = fc.array(fc.array(document, { maxLength: 50 }), { minLength: 1, maxLength: 4 })
    const property = fc.asyncProperty(pieces, fc.float({ noNaN: true, noDefaultInfinity: true }), async (all, seed) => {
      const documents = all.flat()
      fc.pre(documents.length > 0)
      const vectors = Float32Array.from({ length: documents.length * testWidth }, (_, index) => seed / (index + 1))
      const writer = await createSegmentWriter(store, { ...newSegment, documents: documents.length })
      for (let row = 0, piece = 0; piece < all.length; row += all[piece++]!.length) {
        await writer.append(all[piece]!, vectors.slice(row * testWidth, (row + all[piece]!.length) * testWidth))
      }
      const loaded = await loadSegment(store, await writer.finish())
      assert.deepEqual(loaded.documents, documents)
      assert.deepEqual(
        loaded.ids,
        documents.map(({ id }) => id),
      )
      assert.deepEqual(loaded.vectors, vectors)
    })
    await fc.assert(property, { numRuns: casesOf({ usual: 20, thorough: 200 }) })
  })

  it('is described by its manifest entry and its record', async () => {
    const entry = await writeTestSegment(store, manyDocuments, { shard: 3 })
    const { reader, vectors } = await loadSegment(store, entry)
    const { digest, shard, documents, vectorWidth, modelDigest } = reader
    const expected = { digest: entry.digest, shard: 3, documents: manyDocuments.length }
    assert.deepEqual(
      { digest, shard, documents, vectorWidth, modelDigest },
      {
        ...expected,
        vectorWidth: testWidth,
        modelDigest: testModel.digest,
      },
    )
    const files = await readdir(folderOf(entry))
    const sizes = await Promise.all(files.map(async file => (await readFile(join(folderOf(entry), file))).length))
    assert.deepEqual(files.sort(), ['documents.arrow', 'ids.arrow', 'segment.json', 'vectors.safetensors'])
    assert.equal(
      entry.bytes,
      sizes.reduce((sum, size) => sum + size),
    )
    assert.equal(vectors.buffer.byteLength, vectors.byteLength)
    assert.deepEqual(await readdir(await store.stagingDirectory()), [])
  })

  it('counts how much of its documents the model can read', async () => {
    const reads = [{ tokens: 10, unknown: 1 }, { tokens: 4, unknown: 2 }, { tokens: 0, unknown: 0 }, undefined]
    const documents = reads.map((read, row) => ({ ...testDocument(`${row}`), read }))
    const entry = await writeTestSegment(store, documents)
    const expected = { tokens: 14, unknown: 3, unreadable: 2 }
    assert.deepEqual([entry.read, (await readSegmentRecord(store, reference(entry))).read], [expected, expected])
  })

  it('is read when it was written before that was counted', async () => {
    const { folder, digest } = await writeOlderSegment(temporary.root, 'it')
    const documents = await (await openSegment(store, { ...papers, digest })).openDocuments()
    assert.deepEqual(await documents.read([0]), [testDocument('it')], folder)
    await documents.close()
  })

  it('holds vectors that are read and written in several chunks', async () => {
    const [documents, vectorWidth] = [900, 769]
    const vectors = Float32Array.from({ length: documents * vectorWidth }, (_, index) => Math.fround(index / 7))
    assert(vectors.byteLength > 2 * chunkBytes && vectors.byteLength % chunkBytes !== 0)
    const writer = await createSegmentWriter(store, { ...newSegment, documents, vectorWidth })
    await writer.append(
      Array.from({ length: documents }, (_, row) => testDocument(`${row}`)),
      vectors,
    )
    const { vectors: loaded, reader } = await loadSegment(store, await writer.finish())
    assert.equal(Buffer.compare(Buffer.from(loaded.buffer), Buffer.from(vectors.buffer)), 0)
    const path = join(await store.stagingDirectory(), 'copy')
    await reader.copyVectors(path)
    assert.equal(Buffer.compare(await readFile(path), Buffer.from(vectors.buffer)), 0)
    await assert.rejects(reader.copyVectors(path), { code: 'storage_failed', message: /EEXIST/ })
  })

  it('has another digest when it is written again, so that a deletion meets one of them only', async () => {
    const first = await writeTestSegment(store, manyDocuments)
    const second = await writeTestSegment(store, manyDocuments)
    assert.notEqual(second.digest, first.digest)
    for (const entry of [first, second]) await loadSegment(store, entry)
  })

  it('gives back documents in the order asked, repeated ones and at once', async () => {
    const entry = await writeTestSegment(store, manyDocuments)
    const documents = await (await openSegment(store, reference(entry))).openDocuments()
    const last = manyDocuments.length - 1
    const orders = [[last, 0, 40, 0], [], [33], [64, 31, 32, 63, last]]
    const read = await Promise.all(orders.map(rows => documents.read(rows)))
    await documents.close()
    assert.deepEqual(
      read,
      orders.map(rows => rows.map(row => manyDocuments[row])),
    )
  })

  it('reports any flipped bit of any file when it is loaded, with the name of the file', async () => {
    const entry = await writeTestSegment(store, manyDocuments.slice(0, 6))
    for (const file of await readdir(folderOf(entry))) {
      const path = join(folderOf(entry), file)
      const bytes = await readFile(path)
      for (let position = 0; position < bytes.length; position += position < 64 ? 1 : 5) {
        const altered = Buffer.from(bytes)
        altered[position]! ^= 1 << (position % 8)
        await writeFile(path, altered)
        await assert.rejects(
          loadSegment(store, entry),
          {
            code: 'corrupt_data',
            message: new RegExp(`^segment ${entry.digest.slice(0, 8)}…: ${file} .*; restore it`),
          },
          `${file}, byte ${position}`,
        )
      }
      await writeFile(path, bytes)
    }
    await loadSegment(store, entry)
  })

  it('reports files that are cut short, too long or missing', async () => {
    const entry = await writeTestSegment(store, manyDocuments)
    for (const file of ['vectors.safetensors', 'ids.arrow', 'documents.arrow']) {
      const path = join(folderOf(entry), file)
      const bytes = await readFile(path)
      const rejected = (problem: string) =>
        assert.rejects(loadSegment(store, entry), {
          code: 'corrupt_data',
          message: new RegExp(`: ${file} ${problem};`),
        })
      for (const length of [0, 1, 7, bytes.length - 1]) {
        await truncate(path, length)
        const short = (bytes.length - length).toLocaleString('en-US')
        await rejected(`is ${short} ${short === '1' ? 'byte' : 'bytes'} short`)
        await writeFile(path, bytes)
      }
      await writeFile(path, Buffer.concat([bytes, Buffer.alloc(1024)]))
      await rejected('is 1,024 bytes too long')
      await rm(path)
      await rejected('is missing')
      await writeFile(path, bytes)
    }
    await rm(join(folderOf(entry), 'segment.json'))
    await assert.rejects(loadSegment(store, entry), { code: 'corrupt_data', message: /segment\.json is missing/ })
  })

  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    it(`reports the row of a ${bad} in a vectors' file whose digests are right`, async () => {
      const entry = await writeTestSegment(store, manyDocuments)
      const record = await readSegmentRecord(store, reference(entry))
      const vectors = new Float32Array(record.documents * testWidth)
      vectors[17 * testWidth + 1] = bad
      const file = Buffer.concat([
        encodeVectorsHeader({ ...record, rows: record.documents }),
        new Uint8Array(vectors.buffer),
      ])
      const sha256 = hash('sha256', file, 'hex')
      const files = { ...record.files, 'vectors.safetensors': { sha256, bytes: file.length } }
      const forged = encodeSegmentRecord({ ...record, files })
      const folder = `indexes/papers/generations/1/segments/${forged.digest}/`
      await store.put(`${folder}vectors.safetensors`, file)
      await store.put(`${folder}segment.json`, forged.bytes)
      const reader = await openSegment(store, { ...papers, digest: forged.digest })
      const badRow = { code: 'corrupt_data', message: /vectors\.safetensors has a value that is not finite in row 17/ }
      await assert.rejects(reader.loadVectors(), badRow)
      await assert.rejects(reader.copyVectors(join(await store.stagingDirectory(), 'copy')), badRow)
    })
  }

  it('is not written with a vector that is not finite', async () => {
    const writer = await createSegmentWriter(store, { ...newSegment, documents: 2 })
    const vectors = Float32Array.of(0, 0, 0, 0, Number.NaN, 0)
    await assert.rejects(writer.append([testDocument('a'), testDocument('b')], vectors), {
      code: 'internal',
      message: /document "b": its vector/,
    })
    assert.deepEqual(await store.list(''), [])
    assert.deepEqual(await readdir(await store.stagingDirectory()), [])
  })

  const misuses: [what: string, documents: StoredDocument[], values: number][] = [
    ['more documents than said', [1, 2, 3].map(number => testDocument(`${number}`)), 3 * testWidth],
    ['vectors of another width', [testDocument('a')], testWidth + 1],
    ['a lone surrogate', [testDocument('\ud800')], testWidth],
  ]
  for (const [what, documents, values] of misuses) {
    it(`takes ${what} for a defect and leaves nothing behind`, async () => {
      const writer = await createSegmentWriter(store, { ...newSegment, documents: 2 })
      await assert.rejects(
        async () => {
          await writer.append(documents, new Float32Array(values))
          await writer.append(documents, new Float32Array(values))
          await writer.finish()
        },
        { code: 'ERR_ASSERTION' },
      )
      assert.deepEqual(await readdir(await store.stagingDirectory()), [])
      assert.deepEqual(await store.list(''), [])
    })
  }

  it('is not finished before all its documents came', async () => {
    const writer = await createSegmentWriter(store, { ...newSegment, documents: 2 })
    await writer.append([testDocument('a')], new Float32Array(testWidth))
    await assert.rejects(writer.finish(), { code: 'ERR_ASSERTION' })
    assert.deepEqual(await readdir(await store.stagingDirectory()), [])
  })

  it('leaves nothing behind when it is aborted, and an abort more does no harm', async () => {
    const writer = await createSegmentWriter(store, { ...newSegment, documents: 2 })
    await writer.append([testDocument('a')], new Float32Array(testWidth))
    await writer.abort()
    await writer.abort()
    assert.deepEqual(await readdir(await store.stagingDirectory()), [])
    assert.deepEqual(await store.list(''), [])
  })

  it('is stored by its last step alone: sealed, it lies in the staging folder', async () => {
    const writer = await createSegmentWriter(store, { ...newSegment, documents: 1 })
    await writer.append([testDocument('a')], new Float32Array(testWidth))
    await writer.seal()
    assert.deepEqual(await store.list(''), [])
    const [folder] = await readdir(await store.stagingDirectory())
    assert.equal((await readdir(join(await store.stagingDirectory(), folder!))).length, 4)
    const entry = await writer.finish()
    await loadSegment(store, entry)
    assert.deepEqual(await readdir(await store.stagingDirectory()), [])
  })
})

describe('a segment on a full disk', () => {
  let disk: SmallDisk | undefined

  beforeEach(async function () {
    disk = await mountSmallDisk(128)
    if (disk === undefined) this.skip()
  })

  afterEach(() => disk?.remove())

  it('fails as `storage_full` wherever the space runs out, and leaves nothing behind', async () => {
    const store = await createDirectoryStore(disk!.path)
    let failures = 0
    for (let kibibytes = 60; kibibytes <= 124; kibibytes += 4) {
      await writeFile(join(disk!.path, 'ballast'), new Uint8Array(kibibytes * 1024))
      const before = await store.list('')
      try {
        await writeTestSegment(store, manyDocuments)
        await store.deletePrefix('indexes/')
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'storage_full', String(error))
        assert.deepEqual(await store.list(''), before, `with ${kibibytes} KiB taken`)
        failures++
      }
      assert.deepEqual(await readdir(await store.stagingDirectory()), [])
      await rm(join(disk!.path, 'ballast'))
    }
    assert(failures >= 5 && failures <= 15, `${failures} of 17 failed`)
  })
})
