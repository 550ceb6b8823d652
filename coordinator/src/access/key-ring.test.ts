import assert from 'node:assert/strict'
import { drawKey, type KeyRecord, type KeyStore, type StoredKeys, type UnreadableKey } from '@hypershard/access'
import { HypershardError } from '@hypershard/common'
import { captureLog, VirtualClock } from '@hypershard/harness'
import { KeyRing } from './key-ring.ts'

function newKey() {
  const { id, text, hash } = drawKey()
  const record: KeyRecord = {
    id,
    hash,
    name: 'shop',
    scopes: ['search'],
    indexes: ['*'],
    created_at: '2026-01-01T00:00:00Z',
  }
  return { text, record }
}

class FakeStore implements KeyStore {
  readonly name = 'keys.json'
  answer: readonly KeyRecord[] | HypershardError
  unreadable: readonly UnreadableKey[] = []

  constructor(answer: FakeStore['answer']) {
    this.answer = answer
  }

  async read(): Promise<StoredKeys> {
    if (this.answer instanceof HypershardError) throw this.answer
    return { keys: this.answer, unreadable: this.unreadable }
  }

  add = async () => {}
  remove = async () => false
  close(): void {}
}

const broken = new HypershardError('invalid_config', 'keys.json: not JSON')
const away = new HypershardError('unavailable', 'redis: connection refused')

describe('the ring of keys', () => {
  let ring: KeyRing | undefined
  const clock = () => new VirtualClock()

  afterEach(() => ring?.close())

  it('finds a key by its whole text alone', async () => {
    const [one, other] = [newKey(), newKey()]
    ring = await KeyRing.open(new FakeStore([one.record, other.record]), clock(), captureLog().log)
    assert.equal(ring.find(one.text), one.record)
    const mixed = one.text.slice(0, 16) + other.text.slice(16)
    for (const text of [newKey().text, mixed, one.text.slice(0, -1), one.record.hash, '']) {
      assert.equal(ring.find(text), undefined, text)
    }
  })

  it('takes a revocation within five seconds', async () => {
    const time = clock()
    const key = newKey()
    const store = new FakeStore([key.record])
    ring = await KeyRing.open(store, time, captureLog().log)
    store.answer = []
    await time.advance(5_000)
    assert.equal(ring.find(key.text), undefined)
  })

  it('keeps the keys that it read last while they cannot be read, and says so once', async () => {
    const time = clock()
    const key = newKey()
    const store = new FakeStore([key.record])
    const { log, lines } = captureLog('warn')
    ring = await KeyRing.open(store, time, log)
    store.answer = broken
    await time.advance(10_000)
    assert.equal(ring.find(key.text), key.record)
    assert.equal(lines.length, 1)
    assert.match(JSON.stringify(lines[0]), /not JSON/)
  })

  for (const [what, failure] of [
    ['a Redis that is away', away],
    ['a file that is broken or gone', broken],
  ] as const) {
    it(`trusts keys of ${what} for an hour`, async () => {
      const time = clock()
      const key = newKey()
      const store = new FakeStore([key.record])
      ring = await KeyRing.open(store, time, captureLog().log)
      store.answer = failure
      await time.advance(3_590_000)
      assert.equal(ring.find(key.text), key.record)
      await time.advance(20_000)
      assert.throws(() => ring?.find(key.text), { code: 'unavailable', message: /^(?!.*keys\.json)/ })
      store.answer = [key.record]
      await time.advance(2_000)
      assert.equal(ring.find(key.text), key.record)
    }).timeout(60_000)
  }

  it('tells once of each record that is broken, and again when it was whole between', async () => {
    const time = clock()
    const key = newKey()
    const store = new FakeStore([key.record])
    const { log, lines } = captureLog('warn')
    ring = await KeyRing.open(store, time, log)
    store.unreadable = [{ id: '0b5c7f2a91d4', fault: 'not JSON' }]
    await time.advance(5_000)
    assert.deepEqual([lines.length, lines[0]?.keyId, lines[0]?.reason], [1, '0b5c7f2a91d4', 'not JSON'])
    assert.equal(ring.find(key.text), key.record)
    store.unreadable = []
    await time.advance(2_000)
    store.unreadable = [{ id: '0b5c7f2a91d4', fault: 'not JSON' }]
    await time.advance(2_000)
    assert.equal(lines.length, 2)
  })

  it('does not start with keys that are broken, and starts without a Redis, letting nobody in', async () => {
    await assert.rejects(KeyRing.open(new FakeStore(broken), clock(), captureLog().log), { code: 'invalid_config' })
    ring = await KeyRing.open(new FakeStore(away), clock(), captureLog().log)
    assert.throws(() => ring?.find(newKey().text), { code: 'unavailable', message: /^(?!.*keys\.json)/ })
  })
})
