import assert from 'node:assert/strict'
import { Deadline, HypershardError } from '@hypershard/common'
import { FakeEncoder, quietContext } from '@hypershard/harness'
import { QueryEncoder } from './query-encoder.ts'

const [one, two] = new FakeEncoder().models.map(({ digest }) => digest) as [string, string]
const query = (text: string, modelDigest = one) => ({ modelDigest, text, form: 'weights' as const })

/** What one entry of the fake costs: 16 f32 weights and the overhead. */
const entryBytes = 64 + 1024

describe('QueryEncoder', () => {
  it('asks the encoder once for a text that comes again', async () => {
    const encoder = new FakeEncoder()
    const queries = new QueryEncoder(encoder, { cacheBytesMax: 10 * entryBytes })
    const first = await queries.encode(query('stars'), quietContext())
    const again = await queries.encode(query('stars'), quietContext())
    assert.deepEqual([first.cached, again.cached, encoder.queriesEncoded], [false, true, 1])
    assert.deepEqual(again.payload, first.payload)
  })

  it('keeps models apart', async () => {
    const encoder = new FakeEncoder()
    const queries = new QueryEncoder(encoder, { cacheBytesMax: 10 * entryBytes })
    await queries.encode(query('stars', one), quietContext())
    const other = await queries.encode(query('stars', two), quietContext())
    assert.equal(other.payload.modelDigest, two)
  })

  it('forgets the least recently used beyond its bytes', async () => {
    const encoder = new FakeEncoder()
    const queries = new QueryEncoder(encoder, { cacheBytesMax: 2 * entryBytes })
    for (const text of ['a', 'b', 'a', 'c']) await queries.encode(query(text), quietContext())
    assert.equal((await queries.encode(query('a'), quietContext())).cached, true)
    assert.equal((await queries.encode(query('b'), quietContext())).cached, false)
  })

  it('asks once for the pieces of a text, and has a text that is one need encoded with that', async () => {
    const encoder = new FakeEncoder()
    const queries = new QueryEncoder(encoder, { cacheBytesMax: 10 * entryBytes })
    assert.deepEqual((await queries.interpret(query('stars or rivers'), quietContext())).pieces, ['stars', 'rivers'])
    assert.deepEqual((await queries.interpret(query('stars or rivers'), quietContext())).pieces, ['stars', 'rivers'])
    assert.deepEqual((await queries.interpret(query('stars'), quietContext())).pieces, [])
    assert.equal(encoder.queriesEncoded, 2)
    const stars = await queries.encode(query('stars'), quietContext())
    assert.deepEqual([stars.cached, 'interpretation' in stars], [true, false])
    assert.equal((await queries.encode(query('stars or rivers'), quietContext())).cached, false)
    assert.equal(encoder.queriesEncoded, 3)
  })

  it('asks for the pieces of a text that was encoded without', async () => {
    const encoder = new FakeEncoder()
    const queries = new QueryEncoder(encoder, { cacheBytesMax: 10 * entryBytes })
    const [encoded, interpreted] = await Promise.all([
      queries.encode(query('stars or rivers'), quietContext()),
      queries.interpret(query('stars or rivers'), quietContext()),
    ])
    assert.deepEqual([encoded.cached, interpreted.pieces.length], [false, 2])
  })

  it('lets searches of one text at one time share a call', async () => {
    const encoder = new FakeEncoder()
    const queries = new QueryEncoder(encoder, { cacheBytesMax: 0 })
    await Promise.all(Array.from({ length: 5 }, () => queries.encode(query('stars'), quietContext())))
    assert.equal(encoder.queriesEncoded, 1)
  })

  it('cancels a shared call only when the last one waiting has given up', async () => {
    const encoder = new FakeEncoder()
    const release = Promise.withResolvers<void>()
    let cancelled = false
    encoder.beforeQuery = deadline => {
      deadline.signal.addEventListener('abort', () => {
        cancelled = true
      })
      return release.promise
    }
    const queries = new QueryEncoder(encoder, { cacheBytesMax: 0 })
    const impatient = queries.encode(query('stars'), quietContext(Deadline.after(10)))
    const patient = queries.encode(query('stars'), quietContext())
    await assert.rejects(impatient, (error: HypershardError) => error.code === 'deadline_exceeded')
    assert.equal(cancelled, false)
    release.resolve()
    assert.equal((await patient).cached, false)

    encoder.beforeQuery = deadline =>
      new Promise((_, reject) => deadline.signal.addEventListener('abort', () => reject(deadline.signal.reason)))
    const gone = new AbortController()
    const alone = queries.encode(query('moon'), quietContext(Deadline.after(60_000, { signal: gone.signal })))
    gone.abort()
    await assert.rejects(alone, (error: HypershardError) => error.code === 'cancelled')
  })

  it('does not keep a failure', async () => {
    const encoder = new FakeEncoder()
    const queries = new QueryEncoder(encoder, { cacheBytesMax: 10 * entryBytes })
    encoder.failure = new HypershardError('unavailable', 'the encoder is away')
    await assert.rejects(queries.encode(query('stars'), quietContext()), /away/)
    encoder.failure = undefined
    assert.equal((await queries.encode(query('stars'), quietContext())).cached, false)
  })

  describe('of a batch', () => {
    const ask = (queries: QueryEncoder, text: string, others: string[], deadline?: Deadline) =>
      queries.encode(query(text), quietContext(deadline), others)

    it('encodes by one call what nobody has encoded yet, and each is given what it is given alone', async () => {
      const encoder = new FakeEncoder()
      const queries = new QueryEncoder(encoder, { cacheBytesMax: 10 * entryBytes })
      await queries.encode(query('known'), quietContext())
      const texts = ['a', 'b', 'known', 'c', 'b']
      const found = await Promise.all(texts.map(text => ask(queries, text, texts)))
      assert.deepEqual(encoder.callsOfSeveral, [['a', 'b', 'c']])
      const alone = new QueryEncoder(new FakeEncoder(), { cacheBytesMax: 0 })
      for (const [at, text] of texts.entries()) {
        assert.deepEqual(found[at]!.payload, (await alone.encode(query(text), quietContext())).payload)
      }
      assert.equal((await ask(queries, 'c', texts)).cached, true)
    })

    it('asks again for what a call for another could not encode, and does not take it for its own failure', async () => {
      const encoder = new FakeEncoder()
      const queries = new QueryEncoder(encoder, { cacheBytesMax: 10 * entryBytes })
      const asked: (readonly string[])[] = []
      encoder.encodeQueries = async ({ texts }) => {
        asked.push(texts)
        return texts.map(() => new HypershardError('overloaded', 'full'))
      }
      const first = ask(queries, 'a', ['a', 'b'])
      const second = ask(queries, 'b', ['a', 'b'])
      await assert.rejects(first, { code: 'overloaded' })
      assert.equal((await second).cached, false)
      assert.deepEqual([asked, encoder.queriesEncoded], [[['a', 'b']], 1])
    })

    it('goes on for whoever still waits for one of its texts, and ends with the last', async () => {
      const encoder = new FakeEncoder()
      const release = Promise.withResolvers<void>()
      let cancelled = 0
      encoder.beforeQuery = deadline => {
        deadline.signal.addEventListener('abort', () => cancelled++)
        return release.promise
      }
      const queries = new QueryEncoder(encoder, { cacheBytesMax: 10 * entryBytes })
      const gone = new AbortController()
      const impatient = ask(queries, 'a', ['a', 'b'], Deadline.after(60_000, { signal: gone.signal }))
      const patient = ask(queries, 'b', ['a', 'b'])
      gone.abort()
      await assert.rejects(impatient, { code: 'cancelled' })
      assert.equal(cancelled, 0)
      release.resolve()
      assert.equal((await patient).cached, false)
    })

    it('encodes one at a time where nothing would keep the others', async () => {
      const encoder = new FakeEncoder()
      const queries = new QueryEncoder(encoder, { cacheBytesMax: 0 })
      await ask(queries, 'a', ['a', 'b'])
      assert.deepEqual([encoder.callsOfSeveral, encoder.queriesEncoded], [[], 1])
    })
  })
})
