import assert from 'node:assert/strict'
import { post, put, request, startTestCoordinator, type TestCoordinator } from '../../testing/test-coordinator.ts'

describe('documents that the model cannot read, over HTTP', () => {
  let coordinator: TestCoordinator
  let documents: string

  beforeEach(async () => {
    coordinator = await startTestCoordinator()
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers', shards: 3 })
    documents = `${coordinator.url}/v1/indexes/papers/documents`
  })

  afterEach(() => coordinator.stop())

  it('tells which documents the model cannot read: of the write, of the index and of each', async () => {
    const lines = [
      { id: 'zh', text: '婚礼 菜单' },
      { id: 'fox', title: '🦊', text: '' },
      { id: 'none', text: '\u0001\u0002' },
      { id: 'mixed', text: 'stars twinkle in 婚礼' },
    ]
    const { json } = await put(documents, lines)
    assert.deepEqual([json.accepted, json.documents_unreadable], [4, 3])
    const ids = json.unreadable.toSorted((a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1))
    assert.deepEqual(ids, [
      { id: 'fox', tokens: 1, unknown_tokens: 1 },
      { id: 'none', tokens: 0, unknown_tokens: 0 },
      { id: 'zh', tokens: 2, unknown_tokens: 2 },
    ])
    const { json: index } = await request(`${coordinator.url}/v1/indexes/papers`)
    assert.deepEqual([index.documents_unreadable, index.unknown_token_share], [3, 4 / 7])
    const { json: mixed } = await request(`${documents}/mixed`)
    assert.deepEqual([mixed.tokens, mixed.unknown_tokens], [4, 1])
  })

  it('tells of which texts the model reads the beginning alone: of the index how many, and of each', async () => {
    coordinator.encoder.documentTokensMax = 4
    await put(documents, [
      { id: 'long', text: 'stars twinkle in the night 婚礼' },
      { id: 'short', text: 'stars twinkle all night' },
      { id: 'unreadable', text: '婚礼 婚礼 婚礼 婚礼 婚礼' },
    ])
    const { json: index } = await request(`${coordinator.url}/v1/indexes/papers`)
    assert.equal(index.documents_truncated, 2)
    const of = async (id: string) => {
      const { json } = await request(`${documents}/${id}`)
      return [json.tokens, json.truncated]
    }
    assert.deepEqual(await Promise.all(['long', 'short', 'unreadable'].map(of)), [
      [4, true],
      [4, false],
      [4, true],
    ])
  })

  it('says nothing of what the model reads while it is not known', async () => {
    const durable = await put(`${documents}?wait_for=durable`, [{ id: 'zh', text: '婚礼' }])
    assert.deepEqual([durable.json.documents_unreadable, durable.json.unreadable], [null, []])
    const good = await put(documents, [{ id: 'a', text: 'stars' }])
    assert.deepEqual([good.json.documents_unreadable, good.json.unreadable], [0, []])
  })
})
