import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { type CountShardsRequest, type Filter, ShardServiceClient } from '@hypershard/proto/shard'
import { commitSegments, type Manifest, shardOf } from '@hypershard/storage'
import { createTestIndex, putTestDocuments, testDocuments } from './testing/test-index.ts'
import { createTestStore, startTestShardServer, type TestShardServer } from './testing/test-shard-server.ts'

const named = (...values: string[]): Filter => ({
  kind: { $case: 'condition', value: { field: 'name', test: { $case: 'keywords', value: { values } } } },
})

describe('counting documents in a shard server', () => {
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
})
