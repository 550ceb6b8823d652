import assert from 'node:assert/strict'
import { Deadline, HypershardError } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { RecordingMeter } from '@hypershard/harness'
import { SearchRequest, SearchServiceClient } from '@hypershard/proto/search'
import { rerankMetrics } from '../search/metrics.ts'
import { post, put, request, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'

/** The first stage counts shared words, and so likes repeated ones; the cross-encoder asks for their share. */
const documents = [
  { id: 'much', text: 'stars stars stars and a lot of other words' },
  { id: 'twice', text: 'stars stars moon' },
  { id: 'once', text: 'stars' },
  { id: 'half', title: 'stars', text: 'moon' },
  { id: 'none', text: 'moon' },
]

describe('a search that is reranked', () => {
  let coordinator: TestCoordinator
  let meter: RecordingMeter
  let index: string

  beforeEach(async () => {
    meter = new RecordingMeter()
    coordinator = await startTestCoordinator({ meter, environment: { HYPERSHARD_ANSWER_CACHE_BYTES_MAX: '100000' } })
    index = `${coordinator.url}/v1/indexes/papers`
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers', shards: 2 })
    await put(`${index}/documents`, documents)
  })
  afterEach(() => coordinator.stop())

  const search = (rerank: object | undefined, body: object = {}) =>
    post(`${index}/search`, { query: 'stars', plan: 'exact', ...(rerank && { rerank }), ...body })

  const idsOf = ({ json }: Awaited<ReturnType<typeof search>>) => json.hits.map(({ id }: { id: string }) => id)

  it('has its best hits ordered by the cross-encoder, and the others follow', async () => {
    assert.deepEqual(idsOf(await search(undefined)), ['much', 'twice', 'half', 'once', 'none'])
    const answer = await search({ model: 'pairs', candidates: 4 })
    assert.deepEqual(idsOf(answer), ['once', 'twice', 'half', 'much', 'none'])
    const { hits, rerank } = answer.json
    assert.deepEqual(
      hits.map(({ rerank_score: score }: { rerank_score?: number }) => score),
      [1, 2 / 3, 0.5, 3 / 9, undefined],
    )
    const { digest } = coordinator.encoder.crossEncoders()[0]!
    assert.deepEqual(rerank, { model: { name: 'pairs', digest }, reranked: true, documents: 4, truncated: 0 })
  })

  it('gives pages of one order, and scores no pair twice for them', async () => {
    const rerank = { model: 'pairs', candidates: 4 }
    const first = await search(rerank, { k: 2, ids_only: true })
    assert.deepEqual(first.json.hits[0], { id: 'once', score: 1, rerank_score: 1 })
    const second = await search(rerank, { k: 2, cursor: first.json.next_cursor })
    const third = await search(rerank, { k: 2, cursor: second.json.next_cursor })
    assert.deepEqual([first, second, third].map(idsOf), [['once', 'twice'], ['half', 'much'], ['none']])
    assert.equal(third.json.next_cursor, null)
    assert.deepEqual([third.json.rerank.reranked, third.json.rerank.code], [false, undefined])
    assert.match(third.json.rerank.message, /behind the candidates/)
    assert.equal(coordinator.encoder.pairsScored, 4)
    const other = await search({ model: 'pairs', candidates: 3 }, { cursor: first.json.next_cursor })
    assert.deepEqual([other.status, other.json.code], [400, 'invalid_cursor'])
    assert.equal((await search(undefined, { cursor: first.json.next_cursor })).json.code, 'invalid_cursor')
  })

  it('gives groups of what the cross-encoder has read, on all pages in one order', async () => {
    await post(`${coordinator.url}/v1/indexes`, { name: 'tagged', shards: 2, fields: { tag: { type: 'keyword' } } })
    const tagged = documents.map((document, at) => ({ ...document, tag: ['a', 'b', 'a', 'c', 'c'][at] }))
    await put(`${coordinator.url}/v1/indexes/tagged/documents`, tagged)
    const pagesOf = async (fail: boolean) => {
      const found: [string, string[], boolean][] = []
      for (let cursor: string | null | undefined; cursor !== null; ) {
        coordinator.encoder.beforePairs = async () => {
          if (fail && cursor === undefined) throw new HypershardError('overloaded', 'too many pairs wait')
        }
        const groupBy = { field: 'tag', groups: 1, hits: 2 }
        // Pairs of a query that was asked before are known.
        const query = fail ? 'stars stars' : 'stars'
        const body = {
          query,
          plan: 'exact',
          rerank: { model: 'pairs', candidates: 4 },
          group_by: groupBy,
          ids_only: true,
        }
        const { json } = await post(`${coordinator.url}/v1/indexes/tagged/search`, {
          ...body,
          ...(cursor && { cursor }),
        })
        const [{ value, hits }] = json.groups
        assert.deepEqual([json.hits, json.groups.length, 'rerank_score' in hits[0]], [[], 1, json.rerank.reranked])
        found.push([value, hits.map(({ id }: { id: string }) => id), json.rerank.reranked])
        cursor = json.next_cursor
      }
      return found
    }
    assert.deepEqual(await pagesOf(false), [
      ['a', ['once', 'much'], true],
      ['b', ['twice'], true],
      ['c', ['half'], true],
    ])
    assert.deepEqual(await pagesOf(true), [
      ['a', ['much', 'once'], false],
      ['b', ['twice'], false],
      ['c', ['half'], false],
    ])
  })

  it('is answered from what was kept only for the same reranking', async () => {
    const rerank = { model: 'pairs', candidates: 4 }
    await search(rerank)
    assert.deepEqual(
      [(await search(rerank)).json.cached, (await search({ ...rerank, candidates: 2 })).json.cached],
      [true, false],
    )
    assert.equal((await search(undefined)).json.cached, false)
  })

  it('keeps its order and says so when the cross-encoder is late or fails, and keeps no such answer', async () => {
    const { encoder } = coordinator
    encoder.beforePairs = deadline =>
      new Promise((_, reject) => {
        const late = () => reject(new HypershardError('deadline_exceeded', 'no time left for the pairs'))
        setTimeout(late, deadline.remainingMs)
      })
    const late = await search({ model: 'pairs', timeout_ms: 20 })
    assert.deepEqual(idsOf(late), ['much', 'twice', 'half', 'once', 'none'])
    assert.deepEqual([late.json.rerank.reranked, late.json.rerank.code], [false, 'deadline_exceeded'])
    assert.ok(late.json.hits.every((hit: object) => !('rerank_score' in hit)))
    encoder.beforePairs = async () => {
      throw new HypershardError('overloaded', 'too many pairs wait')
    }
    const patient = { model: 'pairs', timeout_ms: 20_000 }
    assert.equal((await search(patient)).json.rerank.reranked, false)
    const refused = await search(patient, { profile: true })
    assert.deepEqual([refused.json.rerank.code, refused.json.rerank.message], ['overloaded', 'too many pairs wait'])
    assert.ok(refused.json.profile.rerank_ms >= 0)
    encoder.beforePairs = async () => undefined
    const well = await search(patient)
    assert.deepEqual([well.json.cached, well.json.rerank.reranked], [false, true])
    assert.deepEqual(await meter.by(rerankMetrics.reranks, 'outcome'), {
      deadline_exceeded: 1,
      overloaded: 2,
      reranked: 1,
    })
    assert.equal(await meter.valueOf(rerankMetrics.pairs), documents.length)
  })

  it('tells how many texts were cut', async () => {
    await put(`${index}/documents`, [{ id: 'long', text: `stars ${'dust '.repeat(100)}` }])
    assert.equal((await search({ model: 'pairs' })).json.rerank.truncated, 1)
  })

  const refused: readonly [string, object, number, string, RegExp][] = [
    ['a cross-encoder that is not there', { rerank: { model: 'paris' } }, 404, 'model_not_found', /has pairs; choose/],
    ['a model of vectors', { rerank: { model: 'words' } }, 400, 'invalid_request', /`words` is no cross-encoder/],
    [
      'more than one call finds',
      { k: 10, rerank: { model: 'pairs', candidates: 991 } },
      400,
      'invalid_request',
      /rerank\.candidates: 991 and k 10 are over 1000 together/,
    ],
    ['no candidates', { rerank: { model: 'pairs', candidates: 0 } }, 400, 'invalid_request', /rerank/],
    ['no model', { rerank: {} }, 400, 'invalid_request', /rerank/],
    [
      'a query without words',
      { query: undefined, vector: new Array(16).fill(1), rerank: { model: 'pairs' } },
      400,
      'invalid_request',
      /rerank: reads the words of a query/,
    ],
  ]
  for (const [what, body, status, code, detail] of refused) {
    it(`is refused for ${what}`, async () => {
      const { status: found, json } = await post(`${index}/search`, { query: 'stars', ...body })
      assert.deepEqual([found, json.code], [status, code])
      assert.match(`${json.detail} ${JSON.stringify(json.details)}`, detail)
    })
  }

  it('names a model that no index can be made with', async () => {
    const { models, cross_encoders: crossEncoders } = (await request(`${coordinator.url}/v1/models`)).json
    assert.deepEqual(
      [models.map(({ name }: { name: string }) => name), crossEncoders.map(({ name }: { name: string }) => name)],
      [['words', 'words-too'], ['pairs']],
    )
    const created = await post(`${coordinator.url}/v1/indexes`, { name: 'wrong', model: 'pairs' })
    assert.deepEqual([created.status, created.json.code], [400, 'invalid_request'])
    assert.match(created.json.detail, /`pairs` is a cross-encoder, which no index can be made with/)
  })

  it('is the same over gRPC', async () => {
    const client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    try {
      const rerank = { model: 'pairs', candidates: 4 }
      const asked = SearchRequest.fromPartial({ index: 'papers', query: 'stars', plan: 'exact', rerank })
      const answer = await callUnary(client.search.bind(client), asked, Deadline.after(60_000), 'coordinator')
      assert.deepEqual(
        answer.hits.map(({ id, rerankScore }) => [id, rerankScore === undefined ? undefined : rerankScore > 0]),
        [
          ['once', true],
          ['twice', true],
          ['half', true],
          ['much', true],
          ['none', undefined],
        ],
      )
      assert.deepEqual(
        [answer.rerank?.reranked, answer.rerank?.modelName, answer.rerank?.documents],
        [true, 'pairs', 4],
      )
    } finally {
      client.close()
    }
  })
})
