/** Integers that a double cannot hold, through every process: HTTP, log, segment, shard server, filter, answer. */
import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import type { TestCluster } from '@hypershard/harness/cluster'
import { SearchRequest, SearchServiceClient } from '@hypershard/proto/search'

const documents = [
  '{"id":"big1","text":"apple","n":9007199254740993,"free":[9007199254740993,1.10,1e400],"meta":{"rank":-9223372036854775808}}',
  '{"id":"big2","text":"apple","n":9007199254740992,"free":[-0],"meta":{"rank":9223372036854775807}}',
  '{"id":"half","text":"apple","n":0.5,"meta":{"rank":9223372036854775806}}',
]

export function exactNumbersTests(clusterOf: () => TestCluster): void {
  describe('integers beyond 2^53 in a cluster of processes', function () {
    this.timeout(60_000)
    let cluster: TestCluster

    before(async () => {
      cluster = clusterOf()
      const fields = { n: { type: 'number' }, 'meta.rank': { type: 'number', list: true } }
      assert.equal((await cluster.request('POST', '/v1/indexes', { name: 'fruit', shards: 1, fields })).status, 201)
      const put = await send('PUT', '/documents?wait_for=searchable', 'application/x-ndjson', documents.join('\n'))
      assert.match(put, /"accepted":3,"failed":0/)
    })

    async function send(method: string, path: string, type: string, body: string): Promise<string> {
      const url = `${cluster.cluster.httpUrl}/v1/indexes/fruit${path}`
      return (await fetch(url, { method, headers: { 'content-type': type }, body })).text()
    }

    const search = (filter: string) =>
      send('POST', '/search', 'application/json', `{"query":"apple","filter":${filter}}`)

    const filters: [filter: string, ids: string[]][] = [
      ['{"field":"n","equals":9007199254740993}', ['big1']],
      ['{"field":"n","equals":9007199254740993.0}', ['big1']],
      ['{"field":"n","equals":9007199254740992}', ['big2']],
      ['{"field":"n","equals":9007199254740994}', []],
      ['{"field":"n","in":[9007199254740991,9007199254740993,0.5]}', ['big1', 'half']],
      ['{"field":"n","gt":9007199254740992}', ['big1']],
      ['{"field":"n","gte":9007199254740992,"lt":9007199254740993}', ['big2']],
      ['{"field":"n","lte":9007199254740992}', ['big2', 'half']],
      ['{"field":"meta.rank","equals":9223372036854775807}', ['big2']],
      ['{"field":"meta.rank","gt":9223372036854775806}', ['big2']],
      ['{"field":"meta.rank","lte":-9223372036854775808}', ['big1']],
    ]
    for (const [filter, ids] of filters) {
      it(`finds ${ids.join(' and ') || 'nothing'} by ${filter}`, async () => {
        const answer = JSON.parse(await search(filter)) as { hits: { id: string }[] }
        assert.deepEqual(answer.hits.map(({ id }) => id).sort(), ids)
      })
    }

    it('refuses a bound that no document can have', async () => {
      for (const value of ['9223372036854775808', '1e400']) {
        assert.match(await search(`{"field":"n","gt":${value}}`), /"detail":"body.filter.gt: \S+ is beyond/)
      }
    })

    it('gives fields back as they were sent, over HTTP and over gRPC', async () => {
      const fields = documents[0]!.slice(documents[0]!.indexOf('"n"'))
      assert.ok((await search('{"field":"n","equals":9007199254740993}')).includes(`"fields":{${fields}`))
      const client = connectClient(SearchServiceClient, cluster.cluster.grpcAddress)
      try {
        const request = SearchRequest.fromPartial({
          index: 'fruit',
          query: 'apple',
          filterJson: '{"field":"n","gte":9007199254740993}',
        })
        const { hits } = await callUnary(client.search.bind(client), request, Deadline.after(10_000), 'coordinator')
        assert.deepEqual(
          hits.map(({ id, fieldsJson }) => [id, fieldsJson]),
          [['big1', `{${fields}`]],
        )
      } finally {
        client.close()
      }
    })
  })
}
