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
})
