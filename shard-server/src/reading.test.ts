import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import {
  type CountShardsRequest,
  type Filter,
  type ListShardRequest,
  ShardServiceClient,
} from '@hypershard/proto/shard'
import { commitSegments, type Manifest, shardOf } from '@hypershard/storage'
import { createTestIndex, putTestDocuments, testDocuments } from './testing/test-index.ts'
import { createTestStore, startTestShardServer, type TestShardServer } from './testing/test-shard-server.ts'

const named = (...values: string[]): Filter => ({
  kind: { $case: 'condition', value: { field: 'name', test: { $case: 'keywords', value: { values } } } },
})

describe('reading documents of a shard server', () => {
  let stored: Awaited<ReturnType<typeof createTestStore>>
  let server: TestShardServer
  let client: ShardServiceClient
  let manifest: Manifest

  before(async () => {
    stored = await createTestStore()
    const fields = { name: { type: 'keyword', list: false } } as const
    manifest = await createTestIndex(stored.store, { name: 'papers', width: 4, shards: 2, fields })
    manifest = await putTestDocuments(stored.store, manifest, testDocuments(30, 4))
    // One of them is put again, and one is gone.
    manifest = await putTestDocuments(stored.store, manifest, testDocuments(2, 4).slice(1))
    manifest = await commitSegments(stored.store, manifest, [], { deletedIds: ['document-2'] })
    server = await startTestShardServer(stored.root)
    client = connectClient(ShardServiceClient, server.address)
  })

  after(async () => {
    client?.close()
    await server?.stop()
    await stored?.remove()
  })

  const count = (filter: Filter | undefined, asked: Partial<CountShardsRequest> = {}) =>
    callUnary(
      client.countShards.bind(client),
      { manifest, shards: [0, 1], filter, ...asked },
      Deadline.after(100_000),
      'shard server',
    )

  it('counts in each shard the rows that pass and are not deleted', async () => {
    const ids = ['document-0', 'document-1', 'document-2', 'document-29', 'nobody']
    const { counts } = await count(named(...ids))
    const left = ids.filter(id => id !== 'document-2' && id !== 'nobody')
    const expected = [0, 1].map(shard => left.filter(id => shardOf(id, 2) === shard).length)
    assert.deepEqual(
      counts.map(({ documents, error }) => [documents, error]),
      expected.map(documents => [documents, undefined]),
    )
  })

  it('says of a shard why it cannot be counted, and refuses what is no question', async () => {
    const unknown: Filter = {
      kind: { $case: 'condition', value: { field: 'x', test: { $case: 'exists', value: true } } },
    }
    const { counts } = await count(unknown)
    assert.deepEqual(
      counts.map(({ error }) => error?.code),
      ['invalid_request', 'invalid_request'],
    )
    await assert.rejects(count(undefined), { code: 'invalid_request' })
    await assert.rejects(count(named('a'), { shards: [7] }), { code: 'invalid_request' })
  })

  const list = (asked: Partial<ListShardRequest> = {}) => {
    const all = { from: undefined, limit: 1_000, filter: undefined, texts: false, fields: false, vectors: false }
    const request = { manifest, shard: 0, ...all, ...asked }
    return callUnary(client.listShard.bind(client), request, Deadline.after(100_000), 'shard server')
  }

  /** All pages, one after the other. */
  async function listAll(asked: Partial<ListShardRequest>): Promise<string[]> {
    const ids: string[] = []
    for (let from = asked.from; ; ) {
      const { documents, next } = await list({ ...asked, from })
      assert.ok(documents.length <= (asked.limit ?? 1_000))
      ids.push(...documents.map(({ id }) => id))
      if (next === undefined) return ids
      assert.ok(documents.length > 0, 'a page that is not the last has a document')
      from = next
    }
  }

  const ownOf = (shard: number) =>
    Array.from({ length: 30 }, (_, at) => `document-${at}`).filter(id => shardOf(id, 2) === shard)

  it('lists each document of a shard once, in one order whatever the pages', async () => {
    for (const shard of [0, 1]) {
      const expected = ownOf(shard).filter(id => id !== 'document-2')
      const whole = await listAll({ shard })
      assert.deepEqual(whole.toSorted(), expected.sort())
      for (const limit of [1, 3, expected.length]) assert.deepEqual(await listAll({ shard, limit }), whole)
      const filter = named(...expected.slice(0, 4), 'document-2', 'nobody')
      assert.deepEqual((await listAll({ shard, filter, limit: 3 })).sort(), expected.slice(0, 4))
    }
  })

  it('gives what is asked for of each', async () => {
    const [bare, whole] = [await list({ limit: 1 }), await list({ limit: 1, texts: true, fields: true, vectors: true })]
    const [{ id } = assert.fail()] = bare.documents
    assert.deepEqual(bare.documents, [{ id, version: 1, title: '', text: '', fieldsJson: '', vector: Buffer.alloc(0) }])
    const { vector, ...texts } = whole.documents[0]!
    const fieldsJson = JSON.stringify({ name: id })
    assert.deepEqual(texts, { id, version: 1, title: `title of ${id}`, text: `text of ${id}`, fieldsJson })
    const put = testDocuments(30, 4).find(document => document.id === id)!.vector
    assert.deepEqual(new Float32Array(Uint8Array.from(vector).buffer), put)
  })

  it('gives the vector of each row where rows between them are left out', async () => {
    const vectors = new Map(testDocuments(30, 4).map(({ id, vector }) => [id, vector]))
    const filter = named(...ownOf(1).filter((_, at) => at % 3 === 0))
    const { documents } = await list({ shard: 1, filter, vectors: true })
    assert.ok(documents.length > 2)
    for (const { id, vector } of documents) {
      assert.deepEqual(
        new Float32Array(Uint8Array.from(vector).buffer),
        id === 'document-1' ? testDocuments(2, 4)[1]!.vector : vectors.get(id),
      )
    }
  })

  it('lists a version whose segments it does not hold, and holds none for that', async () => {
    const filter = named('document-1', 'document-2', 'document-3')
    const before = [...(await listAll({ filter })), ...(await listAll({ filter, shard: 1 }))]
    await server.release(manifest)
    const other = await startTestShardServer(stored.root)
    const cold = connectClient(ShardServiceClient, other.address)
    const ids: string[] = []
    try {
      for (const shard of [0, 1]) {
        for (let round = 0; round < 2; round++) {
          const all = { from: undefined, limit: 10, texts: true, fields: true, vectors: true }
          const asked = { manifest, shard, filter, ...all }
          const { documents } = await callUnary(cold.listShard.bind(cold), asked, Deadline.after(100_000), 'cold')
          if (round === 0) ids.push(...documents.map(({ id }) => id))
        }
      }
      const { memoryBytes, memoryFreeBytes } = await callUnary(
        cold.describe.bind(cold),
        { coordinator: '', needed: false, toldDraining: '' },
        Deadline.after(100_000),
        'cold',
      )
      assert.equal(memoryFreeBytes, memoryBytes)
    } finally {
      cold.close()
      await other.stop()
    }
    assert.deepEqual(ids.sort(), before.sort())
    assert.deepEqual(ids, ['document-1', 'document-3'])
  })

  it('ends a page before it is too large for a message, and goes on behind it', async () => {
    const large = testDocuments(20, 4).map(({ id, vector }) => ({
      id: `large-${id}`,
      vector,
      text: 'x'.repeat(1_000_000),
    }))
    let own = await createTestIndex(stored.store, { name: 'large', width: 4, shards: 1 })
    own = await putTestDocuments(stored.store, own, large)
    const pages: number[] = []
    const ids = new Set<string>()
    for (let from: ListShardRequest['from']; ; ) {
      const { documents, next } = await list({ manifest: own, texts: true, from })
      pages.push(documents.length)
      for (const { id } of documents) ids.add(id)
      if (next === undefined) break
      from = next
    }
    assert.deepEqual([pages, ids.size], [[9, 9, 2], 20])
  })

  it('gives no vector of a document of several passages', async () => {
    let own = await createTestIndex(stored.store, { name: 'cut', width: 4, shards: 1, passages: { overlap: 0 } })
    const [one, two, three] = testDocuments(3, 4)
    const cut = [[one!.vector], [two!.vector, three!.vector], [three!.vector]]
    const documents = [one!, two!, three!].map((document, at) => ({ ...document, vectors: cut[at]! }))
    own = await putTestDocuments(stored.store, own, documents)
    const listed = await list({ manifest: own, vectors: true })
    const vectors = listed.documents.map(({ vector }) => [...new Float32Array(Uint8Array.from(vector).buffer)])
    assert.deepEqual(vectors, [[...one!.vector], [], [...three!.vector]])
  })

  it('refuses what is no question', async () => {
    await assert.rejects(list({ limit: 0 }), { code: 'invalid_request' })
    await assert.rejects(list({ shard: 9 }), { code: 'invalid_request' })
    await assert.rejects(list({ filter: { kind: undefined } }), { code: 'invalid_request' })
  })
})
