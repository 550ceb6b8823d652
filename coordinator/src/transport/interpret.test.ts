import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { RecordingMeter } from '@hypershard/harness'
import { SearchRequest, SearchServiceClient } from '@hypershard/proto/search'
import { searchMetrics } from '../search/metrics.ts'
import { post, put, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'

const documents = [
  { id: 's', text: 'stars stars' },
  { id: 'm', text: 'moon' },
  { id: 'sm', text: 'stars moon' },
  { id: 't', text: 'tides' },
]

interface Highlight {
  readonly fragments: readonly { readonly marks: readonly { readonly begin: number; readonly end: number }[] }[]
}

describe('a search that has its text interpreted', () => {
  let coordinator: TestCoordinator
  let index: string
  const meter = new RecordingMeter()

  before(async () => {
    coordinator = await startTestCoordinator({ meter, environment: { HYPERSHARD_ANSWER_CACHE_BYTES_MAX: '1000000' } })
    index = `${coordinator.url}/v1/indexes/papers`
    for (const [name, model] of [
      ['papers', 'words'],
      ['others', 'words-too'],
    ]) {
      await post(`${coordinator.url}/v1/indexes`, { name, model, shards: 2 })
      await put(`${coordinator.url}/v1/indexes/${name}/documents`, documents)
    }
    await post(`${coordinator.url}/v1/indexes`, { name: 'own', model: 'external', vectors: { width: 2 } })
  })

  after(() => coordinator.stop())

  const search = (body: object) => post(`${index}/search`, { plan: 'exact', ids_only: true, ...body })
  const withoutTime = ({ took_ms: _, cached: __, ...answer }: Record<string, unknown>) => answer

  it('is the search of the expression, which the answer gives', async () => {
    const expected = (await search({ query: { any: ['stars', 'tides'] } })).json
    const { status, json } = await search({ query: 'stars or tides', interpret: true })
    assert.equal(status, 200)
    const { interpretation, ...found } = json
    assert.deepEqual(interpretation, { any: ['stars', 'tides'] })
    assert.deepEqual(withoutTime(found), withoutTime(expected))
    assert.equal(json.cached, true)
    assert.deepEqual((await search({ query: interpretation })).json.hits, json.hits)
  })

  it('is the search of the text where that is one need, and encodes it once', async () => {
    const encoded = coordinator.encoder.queriesEncoded
    const first = (await search({ query: 'new moon', interpret: true })).json
    assert.equal(coordinator.encoder.queriesEncoded, encoded + 1)
    const plain = (await search({ query: 'new moon' })).json
    assert.deepEqual([withoutTime(first), plain.cached], [withoutTime(plain), true])
    assert.equal('interpretation' in first, false)
    assert.equal(coordinator.encoder.queriesEncoded, encoded + 1)
  })

  it('highlights the words of what a text was read as', async () => {
    const marked = async (query: string) => {
      const { json } = await search({ query, interpret: true, highlight: {}, ids_only: false })
      const words = json.hits.flatMap(({ text, highlight }: { text: string; highlight: Highlight }) =>
        highlight.fragments.flatMap(({ marks }) => marks.map(({ begin, end }) => text.slice(begin, end))),
      )
      return [json.interpretation?.any, new Set(words)]
    }
    assert.deepEqual(await marked('stars or moon'), [['stars', 'moon'], new Set(['stars', 'moon'])])
    assert.deepEqual(await marked('stars'), [undefined, new Set(['stars'])])
  })

  it('leaves a text as it is where nobody asks', async () => {
    const { json } = await search({ query: 'stars or tides' })
    assert.deepEqual(['interpretation' in json, 'leaves' in json], [false, false])
  })

  it('has cursors, which go with the interpretation and with no other query', async () => {
    const whole = (await search({ query: 'stars or moon', interpret: true })).json.hits
    const { json: first } = await search({ query: 'stars or moon', interpret: true, k: 3 })
    const next = { interpret: true, k: 3, cursor: first.next_cursor }
    const { json: second } = await search({ query: 'stars or moon', ...next })
    assert.deepEqual([...first.hits, ...second.hits], whole)
    assert.deepEqual(second.interpretation, { any: ['stars', 'moon'] })
    assert.deepEqual((await search({ ...next, query: first.interpretation, interpret: false })).json.hits, second.hits)
    for (const other of [{ query: 'moon or stars' }, { query: 'stars' }, { query: 'stars or moon', interpret: false }])
      assert.equal((await search({ ...next, ...other })).json.code, 'invalid_cursor')
  })

  it('is one of a batch, and is asked for over gRPC', async () => {
    const { json } = await post(`${index}/search/batch`, {
      searches: [{ query: 'stars or tides', interpret: true }, { query: 'stars' }],
    })
    const [one, other] = json.outcomes
    assert.deepEqual(one.answer.interpretation, { any: ['stars', 'tides'] })
    assert.equal('interpretation' in other.answer, false)
    const client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    try {
      const ask = (query: string) => {
        const request = SearchRequest.fromPartial({ index: 'papers', query, interpret: true, idsOnly: true })
        return callUnary(client.search.bind(client), request, Deadline.after(60_000), 'coordinator')
      }
      assert.deepEqual((await ask('stars or tides')).interpretation, { any: ['stars', 'tides'] })
      assert.equal((await ask('stars')).interpretation, undefined)
    } finally {
      client.close()
    }
  })

  it('is refused with what it does not go with, and of a model that cannot', async () => {
    const asked = { query: 'stars or tides', interpret: true }
    const cases: [object, RegExp][] = [
      [{ query: { any: ['stars', 'tides'] }, interpret: true }, /^interpret: reads a text, and this query is none/],
      [{ vector: [1], interpret: true }, /^interpret: reads a text/],
      [{ like: { id: 's' }, interpret: true }, /^interpret: reads a text/],
      [{ ...asked, hybrid: {} }, /^interpret: may split the text that hybrid reads as one/],
      [{ ...asked, rerank: { model: 'pairs' } }, /^interpret: may split the text that rerank reads/],
      [{ ...asked, interpret: 'yes' }, /^body\.interpret: /],
    ]
    for (const [body, detail] of cases) {
      const { status, json } = await search(body)
      assert.deepEqual([status, json.code], [400, 'invalid_request'])
      assert.match(json.detail, detail)
    }
    const unable = await post(`${coordinator.url}/v1/indexes/others/search`, asked)
    assert.deepEqual([unable.status, unable.json.code], [400, 'invalid_request'])
    assert.match(unable.json.detail, /^interpret: model `words-too` has no interpreter; leave it out, or send an expr/)
    const external = await post(`${coordinator.url}/v1/indexes/own/search`, asked)
    assert.match(external.json.detail, /^query: index `own` has no model that reads one/)
    assert.equal((await post(`${coordinator.url}/v1/indexes/gone/search`, asked)).json.code, 'index_not_found')
  })

  it('is counted by what was found, kept answers too', async () => {
    const counted = (await meter.by(searchMetrics.interpretations, 'outcome')) as Record<string, number>
    await search({ query: 'stars or tides', interpret: true })
    await search({ query: 'stars', interpret: true })
    await search({ query: 'stars' })
    const now = await meter.by(searchMetrics.interpretations, 'outcome')
    assert.deepEqual(now, { split: counted.split! + 1, one_need: counted.one_need! + 1 })
  })
})
