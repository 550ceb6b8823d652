import assert from 'node:assert/strict'
import { type LogPosition, partBounds } from '@hypershard/storage'
import { costOf } from '../encoding/encode-pace.ts'
import { TestLog } from '../testing/test-log.ts'
import { type LogBatch, readBatch } from './read-batch.ts'

const start: LogPosition = { sequence: 0, parts: 0 }

describe('reading a batch of the log', () => {
  let log: TestLog

  beforeEach(async () => {
    log = await TestLog.create()
  })

  afterEach(() => log.remove())

  const where = () => ({ index: 'papers', indexUid: log.index.uid, modelDigest: log.index.model.digest })
  const read = (from = start) => readBatch(log.store, where(), from)

  /** All batches, one after the other. */
  async function readAll(): Promise<LogBatch[]> {
    const batches: LogBatch[] = []
    for (let batch = await read(); batch !== undefined; batch = await read(batch.end)) {
      assert.notDeepEqual(batch.end, batches.at(-1)?.end ?? start, 'each goes on where the one before ended')
      batches.push(batch)
    }
    return batches
  }

  /** So many deletions, which cost little. */
  const deletions = (count: number, name: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`${name}${at}`, null]))

  it('takes several writes together, the last of an id with the number of its entry', async () => {
    await log.write({ a: 'one', b: 'two' })
    await log.write({ a: 'three' }, { c: null })
    const [{ puts, deletes, end }] = (await readAll()) as [LogBatch]
    assert.deepEqual(puts.map(({ id, text, version }) => `${id}@${version} ${text}`).sort(), ['a@2 three', 'b@1 two'])
    assert.deepEqual([deletes, end], [['c'], { sequence: 2, parts: 0 }])
  })

  it('is nothing at the end of the log', async () => {
    await log.write({ a: 'one' })
    assert.equal(await read({ sequence: 1, parts: 0 }), undefined)
  })

  it('ends between two parts of an entry when both are too many, and goes on behind the first', async () => {
    const most = partBounds.operationsMax
    await log.write(deletions(most, 'a'), deletions(2, 'b'), deletions(3, 'c'))
    const batches = await readAll()
    assert.deepEqual(
      batches.map(({ deletes }) => deletes.length),
      [most, 5],
    )
    assert.deepEqual(
      batches.map(({ end }) => end),
      [
        { sequence: 0, parts: 1 },
        { sequence: 1, parts: 0 },
      ],
    )
  })

  it('takes a part in portions of no more than they may cost, and each operation once, in order', async () => {
    const texts = Object.fromEntries([...'abcdefg'].map(id => [id, id]))
    await log.write(texts, { h: null }, { i: 'last' })
    const cost = costOf({ title: '', text: 'a' })
    const taken: string[] = []
    const ends: LogPosition[] = []
    const next = () => readBatch(log.store, where(), ends.at(-1) ?? start, { costMax: 3 * cost })
    for (let batch = await next(); batch !== undefined; batch = await next()) {
      taken.push([...batch.puts.map(({ id }) => id), ...batch.deletes].join(''))
      ends.push(batch.end)
    }
    assert.deepEqual(taken, ['abc', 'def', 'gih'])
    assert.deepEqual(ends, [
      { sequence: 0, parts: 0, operations: 3 },
      { sequence: 0, parts: 0, operations: 6 },
      { sequence: 1, parts: 0 },
    ])
  })

  it('takes one operation that costs too much, rather than none', async () => {
    await log.write({ a: 'one', b: 'two' })
    const batch = await readBatch(log.store, where(), start, { costMax: 1 })
    assert.deepEqual(
      batch!.puts.map(({ id }) => id),
      ['a'],
    )
  })

  it('takes up to exactly its bound', async () => {
    const most = partBounds.operationsMax
    for (const count of [most - 1, 1, 1]) await log.write(deletions(count, `${count}`))
    assert.deepEqual(
      (await readAll()).map(({ end }) => end.sequence),
      [2, 3],
    )
  })

  it('takes a part that is alone too large, rather than none', async () => {
    await log.write(deletions(partBounds.operationsMax + 1, 'a'))
    assert.deepEqual(
      (await readAll()).map(({ deletes }) => deletes.length),
      [partBounds.operationsMax + 1],
    )
  })
})
