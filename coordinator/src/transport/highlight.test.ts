import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { SearchRequest, type SearchResponse, SearchServiceClient } from '@hypershard/proto/search'
import { post, put, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'

/** Of several sentences, some alike, so that scores tie. */
const documents = Array.from({ length: 12 }, (_, at) => ({
  id: `d${at}`,
  text: `🌞 Nothing of it here. The star ${at % 3} twinkles. ${'A moon. '.repeat(at % 4)}Stars!`,
  tag: at % 2 === 0 ? ['even', 'all'] : ['all'],
}))
const query = 'why do stars twinkle'

describe('a search with highlights', () => {
  let coordinator: TestCoordinator

  before(async () => {
    coordinator = await startTestCoordinator({ environment: { HYPERSHARD_ANSWER_CACHE_BYTES_MAX: '1000000' } })
    const fields = { tag: { type: 'keyword', list: true } }
    for (const shards of [1, 2, 4, 8])
      await create(`s${shards}`, { shards, fields, passages: false, lexical: { analyzer: 'english' } })
    await create('wordless', { shards: 2, fields })
  })
  after(() => coordinator.stop())

  async function create(name: string, settings: object): Promise<void> {
    assert.equal((await post(`${coordinator.url}/v1/indexes`, { name, ...settings })).status, 201)
    await put(`${coordinator.url}/v1/indexes/${name}/documents`, documents)
  }

  const search = (index: string, change: object = {}) =>
    post(`${coordinator.url}/v1/indexes/${index}/search`, { query, highlight: {}, cache: false, ...change })

  it("gives the best sentences of each hit, with the query's words as the index has them", async () => {
    const { json } = await search('s2', { k: 12, highlight: { fragments: 1 }, profile: true })
    const { text, highlight } = json.hits.find(({ id }: { id: string }) => id === 'd1')
    assert.equal(text.length, documents[1]!.text.length)
    assert.deepEqual(highlight, {
      fragments: [
        {
          begin: 22,
          end: 42,
          text: 'The star 1 twinkles.',
          marks: [
            { begin: 26, end: 30 },
            { begin: 33, end: 41 },
          ],
        },
      ],
      partial: false,
    })
    assert.ok(json.profile.highlight_ms >= 0)
    assert.equal((await search('s2', { highlight: undefined, profile: true })).json.profile.highlight_ms, undefined)
  })

  it('gives the same from any number of shards', async () => {
    const one = (await search('s1', { k: 12, plan: 'exact' })).json.hits
    for (const index of ['s2', 's4', 's8']) {
      assert.deepEqual((await search(index, { k: 12, plan: 'exact' })).json.hits, one)
    }
  })

  it('takes words as they are where the index keeps none, or as the search says', async () => {
    const marked = async (highlight: object) => {
      const { hits } = (await search('wordless', { k: 1, highlight })).json
      return hits[0].highlight.fragments.map((fragment: { text: string }) => fragment.text)
    }
    assert.deepEqual(await marked({}), ['Stars!'])
    assert.equal((await marked({ analyzer: 'english' }))[0], 'The star 2 twinkles.')
  })

  it('highlights the hits of groups, and is kept for who asks for the same', async () => {
    const grouped = { group_by: { field: 'tag' }, cache: true }
    const { json } = await search('s4', grouped)
    for (const { hits } of json.groups) assert.equal(hits[0].highlight.fragments.length, 2)
    const again = await search('s4', grouped)
    assert.deepEqual([again.json.cached, again.json.groups], [true, json.groups])
    const other = await search('s4', { ...grouped, highlight: { fragments: 1 } })
    assert.deepEqual([other.json.cached, other.json.groups[0].hits[0].highlight.fragments.length], [false, 1])
  })

  it('is the same over gRPC, and in a batch', async () => {
    const { hits } = (await search('s2', { k: 3 })).json
    const body = { searches: [{ query, k: 3, highlight: {} }] }
    const batch = await post(`${coordinator.url}/v1/indexes/s2/search/batch`, body)
    assert.deepEqual(batch.json.outcomes[0].answer.hits, hits)
    const client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    const call = (message: SearchRequest, metadata: never, options: object, done: never) =>
      client.search(message, metadata, options, done)
    try {
      const asked = SearchRequest.fromPartial({ index: 's2', query, k: 3, highlight: { analyzer: '' } })
      const answer = (await callUnary(call as never, asked, Deadline.after(10_000), 'coordinator')) as SearchResponse
      assert.deepEqual(
        answer.hits.map(({ highlight }) => highlight),
        hits.map(({ highlight }: { highlight: object }) => highlight),
      )
    } finally {
      client.close()
    }
  })

  it('has the words of all texts of an expression but those that are excluded, and none of documents', async () => {
    const marked = async (query: object) => {
      const { hits } = (await search('s2', { query, k: 12 })).json
      const { highlight } = hits.find(({ id }: { id: string }) => id === 'd3')
      return highlight.fragments.map(({ text }: { text: string }) => text)
    }
    assert.deepEqual(await marked({ any: ['twinkle', { all: ['moon', { like: ['d1'] }] }] }), [
      'The star 0 twinkles.',
      'A moon.',
      'A moon.',
    ])
    assert.deepEqual(await marked({ any: ['twinkle', { not: 'moon' }] }), ['The star 0 twinkles.'])
  })

  const refused: readonly [what: string, change: object, says: RegExp][] = [
    ['a vector', { query: undefined, vector: Array(16).fill(1) }, /highlight: takes its words from `query`/],
    ['a document to be near to', { query: undefined, like: { id: 'd1' } }, /highlight: takes its words from `query`/],
    ['ids alone', { ids_only: true }, /highlight: is of the texts that ids_only leaves out/],
    ['too many hits', { k: 101 }, /highlight: of at most 100 hits a page, this asks for 101; lower k$/],
    ['too many hits of groups', { group_by: { field: 'tag', groups: 51, hits: 2 } }, /asks for 102; lower group_by/],
    ['too many fragments', { highlight: { fragments: 11 } }, /highlight\.fragments/],
    ['a length that is none', { highlight: { length: 19 } }, /highlight\.length/],
    ['an analyzer that is none', { highlight: { analyzer: 'klingon' } }, /highlight\.analyzer/],
  ]
  for (const [what, change, says] of refused) {
    it(`refuses ${what}`, async () => {
      const { status, json } = await search('s1', change)
      assert.deepEqual([status, json.code], [400, 'invalid_request'])
      assert.match(json.detail, says)
    })
  }
})
