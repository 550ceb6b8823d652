import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { CreateIndexRequest, SearchServiceClient } from '@hypershard/proto/search'
import { post, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'

describe('how a new index cuts long texts', () => {
  let coordinator: TestCoordinator
  let client: SearchServiceClient

  before(async () => {
    coordinator = await startTestCoordinator()
    client = connectClient(SearchServiceClient, coordinator.grpcAddress)
  })

  after(async () => {
    client.close()
    await coordinator.stop()
  })

  const create = (wish: Partial<CreateIndexRequest>) => {
    const request = CreateIndexRequest.fromPartial(wish)
    return callUnary(client.createIndex.bind(client), request, Deadline.after(60_000), 'coordinator')
  }

  it('is with an overlap of an eighth where nothing is said, as told, or not at all', async () => {
    for (const [name, wish, passages] of [
      ['said-nothing', {}, { overlap: 0.125 }],
      ['said-null', { passages: null }, { overlap: 0.125 }],
      ['said-half', { passages: { overlap: 0.5 } }, { overlap: 0.5 }],
      ['said-no', { passages: false }, undefined],
    ] as const) {
      const { status, json } = await post(`${coordinator.url}/v1/indexes`, { name, ...wish })
      assert.deepEqual([status, json.passages], [201, passages], name)
    }
    assert.deepEqual((await create({ name: 'grpc-nothing' })).index?.passages, { overlap: 0.125 })
    assert.equal((await create({ name: 'grpc-no', beginningsOnly: true })).index?.passages, undefined)
  })

  it('is refused where it is told both ways', async () => {
    const both = create({ name: 'both', passages: {}, beginningsOnly: true })
    await assert.rejects(both, { code: 'invalid_request', message: /^passages and beginnings_only are both given/ })
    const { status } = await post(`${coordinator.url}/v1/indexes`, { name: 'true', passages: true })
    assert.equal(status, 400)
  })
})
