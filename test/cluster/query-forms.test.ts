import assert from 'node:assert/strict'
import { madeUpDocuments, madeUpText, startTestCluster, type TestCluster } from '@hypershard/harness/cluster'

interface ProfiledAnswer {
  readonly hits: readonly unknown[]
  readonly profile: {
    readonly qnet_bytes: number
    readonly query_form: string
    readonly qnet_cached: boolean
    readonly shards: readonly { readonly head_ms: number }[]
  }
}

describe('the forms of a query', () => {
  const documents = madeUpDocuments(200)
  const clusters = new Map<string, TestCluster>()

  before(async () => {
    for (const form of ['weights', 'token_states']) {
      const environment = { HYPERSHARD_QUERY_FORM: form }
      const cluster = await startTestCluster({ environment })
      clusters.set(form, cluster)
      await cluster.request('POST', '/v1/indexes', { name: 'papers', shards: 4 })
      assert.equal((await cluster.put('papers', documents)).body.accepted, documents.length)
    }
  })

  after(() => Promise.all([...clusters.values()].map(cluster => cluster.stop())))

  it('give the same answers to the bit, and are sent again as a digest', async () => {
    for (let query = 0; query < 20; query++) {
      const text = madeUpText(500 + query, 6)
      const answers = []
      for (const [form, cluster] of clusters) {
        const ask = () => cluster.search<ProfiledAnswer>('papers', text, { k: 20, ids_only: true, profile: true })
        const { body: first } = await ask()
        const { body: again } = await ask()
        assert.deepEqual([first.profile.query_form, first.profile.qnet_cached], [form, false])
        assert.ok(first.profile.qnet_bytes > 0)
        assert.ok(again.profile.qnet_bytes < 1_024, `${again.profile.qnet_bytes} bytes`)
        assert.equal(
          first.profile.shards.some(({ head_ms: headMs }) => headMs > 0),
          form === 'token_states',
        )
        assert.deepEqual(again.hits, first.hits)
        answers.push(first.hits)
      }
      assert.deepEqual(answers[1], answers[0])
    }
  })
})
