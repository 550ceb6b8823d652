import assert from 'node:assert/strict'
import { HypershardError } from '@hypershard/common'
import { casesOf, quietContext } from '@hypershard/harness'
import { outlineOf, RecordingTracer, treesOf } from '@hypershard/harness/traces'
import { commitSegments, latestManifest, mergeSegments, readAside, type SegmentRead } from '@hypershard/storage'
import fc from 'fast-check'
import { poison, TestLog } from '../testing/test-log.ts'
import { ingestLog } from './ingest-log.ts'
import { writeSegments } from './write-segments.ts'

describe('ingesting the write log', () => {
  let log: TestLog

  beforeEach(async () => {
    log = await TestLog.create(2)
  })

  afterEach(() => log.remove())

  const ingest = () => ingestLog(log.generation, log.parts, quietContext())

  async function ingestAll() {
    for (;;) {
      const { manifest, caughtUp } = await ingest()
      if (caughtUp) return manifest
    }
  }

  describe('that was traced', () => {
    const parentOf = (span: string) => `00-${'a1'.repeat(16)}-${span}-01`

    it('goes on in the trace of the first write of a commit, up to the commit, and is linked to the others', async () => {
      const tracer = new RecordingTracer()
      const [one, two] = ['01'.repeat(8), '02'.repeat(8)]
      for (const traceparent of [undefined, parentOf(one), parentOf(one), parentOf(two)]) {
        log.traceparent = traceparent
        await log.write({ [`${traceparent}`]: 'text' })
      }
      await ingestLog(log.generation, { ...log.parts, tracer }, quietContext())
      const job = tracer.ended.find(({ name }) => name === 'job')!
      assert.deepEqual([job.parentId, job.links, job.attributes['hypershard.puts']], [one, [two], 3])
      assert.equal(outlineOf(treesOf(tracer.ended)), 'job\n  commit\n  encode\n  store\n')
    })

    it('links no more writes than a span has room for', async () => {
      const tracer = new RecordingTracer()
      for (let at = 10; at < 60; at++) {
        log.traceparent = parentOf(`${at}`.repeat(8))
        await log.write({ [`d${at}`]: 'text' })
      }
      await ingestLog(log.generation, { ...log.parts, tracer }, quietContext())
      assert.equal(tracer.ended.find(({ name }) => name === 'job')!.links.length, 31)
    })

    it('ends its spans, and says why, when it fails', async () => {
      const tracer = new RecordingTracer()
      log.encoder.failure = new HypershardError('model_not_found', 'told to fail')
      await log.write({ a: 'text' })
      const ingesting = ingestLog(log.generation, { ...log.parts, tracer }, quietContext())
      await assert.rejects(ingesting, { code: 'model_not_found' })
      assert.deepEqual(
        tracer.ended.map(({ name, failed }) => [name, failed]),
        [
          ['encode', true],
          ['job', true],
        ],
      )
    })
  })

  it('leaves what the log leaves, whatever is written, in whatever entries and parts', async () => {
    const change = fc.dictionary(fc.constantFrom(...'abcde'), fc.option(fc.string({ maxLength: 3 })), {
      minKeys: 1,
      maxKeys: 4,
      noNullPrototype: true,
    })
    const entries = fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 })
    const property = fc.asyncProperty(entries, fc.boolean(), async (writes, often) => {
      const own = await TestLog.create(2)
      try {
        const expected = new Map<string, string>()
        for (const parts of writes) {
          const sequence = await own.write(...parts)
          for (const part of parts) {
            for (const [id, text] of Object.entries(part)) {
              if (text === null) expected.delete(id)
              else expected.set(id, `${id}@${sequence} ${text}`)
            }
          }
          if (often) await ingestLog(own.generation, own.parts, quietContext())
        }
        while (!(await ingestLog(own.generation, own.parts, quietContext())).caughtUp) {
          // Once more, until the log is at its end.
        }
        const manifest = await latestManifest(own.store, own.generation)
        assert.deepEqual(await own.documentsOf(manifest), [...expected.values()].sort())
        assert.deepEqual(manifest.log, { sequence: writes.length, parts: 0 })
      } finally {
        await own.remove()
      }
    })
    await fc.assert(property, { numRuns: casesOf({ usual: 12, thorough: 100 }) })
  })

  it('does nothing at the end of the log', async () => {
    await log.write({ a: 'one' })
    const manifest = await ingestAll()
    assert.deepEqual(await ingest(), { manifest, caughtUp: true })
    assert.equal(manifest.version, 1)
  })

  it('commits small writes together', async () => {
    for (const text of ['one', 'two', 'three']) await log.write({ a: text })
    const manifest = await ingestAll()
    assert.deepEqual([manifest.version, manifest.log.sequence], [1, 3])
    assert.deepEqual(await log.documentsOf(manifest), ['a@3 three'])
  })

  it('commits once what two indexers do at the same time', async () => {
    await log.write({ a: 'one', b: 'two' })
    await Promise.all([ingest(), ingest(), ingest()])
    const manifest = await ingestAll()
    assert.equal(manifest.version, 1)
    assert.deepEqual(await log.documentsOf(manifest), ['a@1 one', 'b@1 two'])
  })

  it('commits on top of what came in between that is not of the log', async () => {
    await log.write({ a: 'one' })
    const base = await latestManifest(log.store, log.generation)
    const { encodeDocuments } = log.encoder
    log.encoder.encodeDocuments = async batch => {
      log.encoder.encodeDocuments = encodeDocuments
      await commitSegments(log.store, base, [])
      return encodeDocuments.call(log.encoder, batch)
    }
    const manifest = await ingestAll()
    assert.deepEqual([manifest.version, await log.documentsOf(manifest)], [2, ['a@1 one']])
  })

  it('sets a document aside that cannot be encoded, and its older version goes', async () => {
    await log.write({ bad: 'good at first', a: 'one' })
    await ingestAll()
    await log.write({ bad: poison, b: 'two' })
    const manifest = await ingestAll()
    assert.deepEqual(await log.documentsOf(manifest), ['a@1 one', 'b@2 two'])
    const [aside] = await readAside(log.store, manifest)
    assert.deepEqual([aside!.id, aside!.text, aside!.version, aside!.code], ['bad', poison, 2, 'internal'])
    await log.write({ bad: null })
    assert.equal((await ingestAll()).aside, null)
  })

  it('counts what the model cannot read, and tells it of each write', async () => {
    await log.write({ zh1: '婚礼', zh2: '菜单', half: 'ab婚礼', en: 'wedding婚礼' })
    await log.write({ plain: 'menu' })
    await log.write({ late: '邀请' })
    const manifest = await ingestAll()
    const counted = manifest.segments.map(({ read }) => read!)
    const sum = (count: (read: SegmentRead) => number) => counted.reduce((total, read) => total + count(read), 0)
    assert.deepEqual([sum(read => read.tokens), sum(read => read.unknown), sum(read => read.unreadable)], [23, 10, 4])
    const [first, ...others] = manifest.unread!
    assert.deepEqual([first!.sequence, first!.documents], [1, 3])
    const ids = first!.first.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    assert.deepEqual(ids, [
      { id: 'half', tokens: 4, unknown: 2 },
      { id: 'zh1', tokens: 2, unknown: 2 },
      { id: 'zh2', tokens: 2, unknown: 2 },
    ])
    assert.deepEqual(others, [{ sequence: 3, documents: 1, first: [{ id: 'late', tokens: 2, unknown: 2 }] }])
  })

  it('counts nothing for an encoder that does not tell', async () => {
    const { encodeDocuments } = log.encoder
    log.encoder.encodeDocuments = async batch => {
      const { read: _, ...encoded } = await encodeDocuments.call(log.encoder, batch)
      return encoded as Awaited<ReturnType<typeof encodeDocuments>>
    }
    await log.write({ zh: '婚礼' })
    const manifest = await ingestAll()
    assert.deepEqual(manifest.segments[0]!.read, { tokens: 0, unknown: 0, unreadable: 0 })
    assert.equal(manifest.unread, undefined)
  })

  it('counts exactly again once segments are merged', async () => {
    const own = await TestLog.create(1)
    try {
      await own.write({ a: '婚礼', b: '菜单', c: 'menu' })
      await ingestLog(own.generation, own.parts, quietContext())
      await own.write({ a: 'wedding' })
      const { manifest } = await ingestLog(own.generation, own.parts, quietContext())
      const merged = await mergeSegments(own.store, manifest, manifest.segments)
      assert.deepEqual(merged!.read, { tokens: 13, unknown: 2, unreadable: 1 })
    } finally {
      await own.remove()
    }
  })

  it('sets nothing aside while the encoder can encode nothing at all', async () => {
    await log.write({ a: 'one', b: 'two' })
    log.encoder.failure = new HypershardError('internal', 'broken')
    await assert.rejects(ingest(), { code: 'internal', message: 'broken' })
    assert.equal((await latestManifest(log.store, log.generation)).version, 0)
    log.encoder.failure = undefined
    assert.deepEqual(await log.documentsOf(await ingestAll()), ['a@1 one', 'b@1 two'])
  })

  it('sets the only document of a write aside when the encoder is well', async () => {
    await log.write({ bad: poison })
    assert.equal((await ingestAll()).aside?.documents, 1)
  })

  it('refuses vectors of another width than the model has', async () => {
    const manifest = await latestManifest(log.store, log.generation)
    const documents = [{ id: 'a', title: '', text: 'one', fields: '{}', version: 1 }]
    const other = { ...manifest, vectorWidth: 3 }
    await assert.rejects(writeSegments(other, documents, log.parts, quietContext()), { code: 'model_mismatch' })
  })
})
