import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasRedisServer, type RedisServer, startRedisServer } from '@hypershard/harness/servers'
import { Redis } from 'ioredis'
import { type KeyRecord, parseKeys, renderKeys } from './key-record.ts'
import { digestOfKey, drawKey, idOfKey } from './key-text.ts'
import { openKeyStore } from './open-key-store.ts'
import type { KeyStore } from './ports.ts'

function newKey(more: Partial<KeyRecord> = {}): KeyRecord {
  const { id, hash } = drawKey()
  return { id, hash, name: 'shop', scopes: ['search'], indexes: ['*'], created_at: '2026-01-01T00:00:00Z', ...more }
}

describe('a new key', () => {
  it('is its id and 192 random bits, and what is kept of it is its SHA-256', () => {
    const { id, text, hash } = drawKey()
    assert.match(text, /^hs_[0-9a-f]{12}_[0-9a-f]{48}$/)
    assert.deepEqual([idOfKey(text), digestOfKey(text).toString('hex')], [id, hash])
    assert.notEqual(drawKey().text, text)
    assert.equal(idOfKey(`${text}0`), undefined)
  })
})

describe('a store of keys', () => {
  let folder: string
  let redis: RedisServer | undefined

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-keys-'))
  })

  after(async () => {
    await redis?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  async function keepsKeys(store: KeyStore): Promise<void> {
    try {
      // A number that no double holds.
      const filter = parseKeys(
        renderKeys([newKey()]).replace('"name"', '"filter":{"field":"n","equals":9007199254740993},"name"'),
        'x',
      )
      const [one, other] = [
        newKey(filter[0]!.filter ? { filter: filter[0]!.filter } : {}),
        newKey({ limits: { requests_per_second: 2 } }),
      ]
      await store.add(one)
      await store.add(other)
      const byId = (a: KeyRecord, b: KeyRecord) => (a.id < b.id ? -1 : 1)
      const read = [...(await store.read()).keys].sort(byId)
      assert.deepEqual(read, [one, other].sort(byId))
      assert.match(JSON.stringify(read), /9007199254740993/)
      assert.equal(await store.remove(one.id), true)
      assert.equal(await store.remove(one.id), false)
      assert.deepEqual(
        (await store.read()).keys.map(({ id }) => id),
        [other.id],
      )
    } finally {
      store.close()
    }
  }

  it('keeps them in a file for its owner alone', async () => {
    const path = join(folder, 'keys.json')
    await keepsKeys(openKeyStore(path))
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.match(await readFile(path, 'utf8'), /"format": "hypershard.keys\/1"/)
  })

  it('keeps them in a Redis', async function () {
    if (!hasRedisServer()) this.skip()
    redis = await startRedisServer()
    await keepsKeys(openKeyStore(redis!.url))
  })

  it('reads the other keys of a Redis that has a broken one', async function () {
    if (!hasRedisServer()) this.skip()
    redis ??= await startRedisServer()
    const [store, client] = [openKeyStore(redis!.url), new Redis(redis!.url)]
    try {
      const [good, broken, moved] = [newKey(), newKey(), newKey()]
      await client.del('hypershard:keys')
      await client.hset('hypershard:keys', {
        [broken.id]: '{"id":',
        [good.id]: JSON.stringify(good),
        [moved.id]: JSON.stringify({ ...moved, id: good.id }),
      })
      const { keys, unreadable } = await store.read()
      assert.deepEqual(keys, [good])
      assert.deepEqual(unreadable.map(({ id }) => id).sort(), [broken.id, moved.id].sort())
      assert.match(unreadable.find(({ id }) => id === broken.id)!.fault, /not JSON/)
    } finally {
      client.disconnect()
      store.close()
    }
  })

  it('says that a Redis is away', async () => {
    const store = openKeyStore('redis://127.0.0.1:1')
    await assert.rejects(store.read(), { code: 'unavailable', message: /^redis 127\.0\.0\.1:1: / })
    store.close()
  })

  const good = newKey()
  for (const [what, text, message] of [
    ['no JSON', '{"keys', /not JSON/],
    ['another format', JSON.stringify({ format: 'x', keys: [] }), /format/],
    ['a key twice', renderKeys([good, good]), /twice/],
    ['a scope that is none', renderKeys([{ ...good, scopes: ['everything' as never] }]), /scopes/],
    ['a pattern that is none', renderKeys([{ ...good, indexes: ['Papers'] }]), /index name/],
    ['an unknown key', renderKeys([{ ...good, secret: 'x' } as never]), /secret/],
  ] as const) {
    it(`refuses a file with ${what}`, async () => {
      const path = join(folder, 'broken.json')
      await writeFile(path, text)
      await assert.rejects(openKeyStore(path).read(), { code: 'invalid_config', message })
    })
  }
})
