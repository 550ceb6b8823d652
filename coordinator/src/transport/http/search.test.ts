import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { embed, eventually, scoreOf, wordOfNaN } from '@hypershard/harness'
import { post, put, request, startTestCoordinator, type TestCoordinator } from '../../testing/test-coordinator.ts'

const words = ['stars', 'moon', 'sun', 'comet', 'dust']
const corpus = Array.from({ length: 60 }, (_, at) => ({
  // Ids that UTF-8 and UTF-16 order differently, and many equal scores.
  id: `${at % 3 === 0 ? '\u{1f600}' : at % 3 === 1 ? '\uff5e' : 'd'}${at}`,
  text: `${words[at % 5]} ${words[(at * 7) % 3]}`,
}))

/** What the answer must be, found without shards. */
function rankedIds(query: string): string[] {
  const weights = embed(query)
  return corpus
    .map(({ id, text }) => ({ id, score: scoreOf(weights, embed(` ${text}`)) }))
    .sort((a, b) => b.score - a.score || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)))
    .map(({ id }) => id)
}

describe('searching over HTTP', () => {
  let coordinator: TestCoordinator
  let search: string

  beforeEach(async () => {
    coordinator = await startTestCoordinator({ servers: 3 })
    await createWithCorpus('papers', 4)
    search = `${coordinator.url}/v1/indexes/papers/search`
  })

  afterEach(() => coordinator.stop())

  async function createWithCorpus(name: string, shards: number, replicas = 1): Promise<void> {
    await post(`${coordinator.url}/v1/indexes`, { name, shards, replicas })
    const answer = await put(`${coordinator.url}/v1/indexes/${name}/documents`, corpus)
    assert.equal(answer.json.accepted, corpus.length)
  }

  async function pagesOf(url: string, body: Record<string, unknown>): Promise<string[][]> {
    const pages: string[][] = []
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const { status, json } = await post(url, { ...body, ...(cursor === undefined ? {} : { cursor }) })
      assert.equal(status, 200, JSON.stringify(json))
      pages.push(json.hits.map((hit: { id: string }) => hit.id))
      cursor = json.next_cursor
    }
    return pages
  }

  it('gives the same ids in the same order from 1, 2, 4 and 8 shards', async () => {
    for (const shards of [1, 2, 4, 8]) {
      await createWithCorpus(`s${shards}`, shards)
      for (const query of ['stars', 'moon sun', 'comet dust dust', 'nothing']) {
        const [ids] = await pagesOf(`${coordinator.url}/v1/indexes/s${shards}/search`, { query, k: 1_000 })
        assert.deepEqual(ids, rankedIds(query))
      }
    }
  })

  for (const k of [1, 7, 20, 59, 60, 61]) {
    it(`pages by ${k} through every document once, and knows the last page`, async () => {
      const pages = await pagesOf(search, { query: 'stars', k })
      assert.deepEqual(pages.flat(), rankedIds('stars'))
      assert.equal(pages.length, Math.ceil(corpus.length / k))
    })
  }

  it('pages through documents whose scores are not finite, by id', async () => {
    const first = await post(search, { query: wordOfNaN, k: 7 })
    assert.equal(first.json.hits[0].score, null)
    assert.equal(first.json.coverage.non_finite_scores, corpus.length)
    const byId = corpus.map(({ id }) => id).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    assert.deepEqual((await pagesOf(search, { query: wordOfNaN, k: 7 })).flat(), byId)
  })

  it('keeps the pages of a cursor on the version of the first', async () => {
    const first = await post(search, { query: 'stars', k: 30 })
    await put(`${coordinator.url}/v1/indexes/papers/documents`, [
      { id: 'late', text: 'moon' },
      { ...corpus[0], text: 'gone' },
    ])
    const second = await post(search, { query: 'stars', k: 30, cursor: first.json.next_cursor })
    assert.equal(second.json.manifest_version, first.json.manifest_version)
    const ids = [...first.json.hits, ...second.json.hits].map((hit: { id: string }) => hit.id)
    assert.deepEqual(ids, rankedIds('stars'))
  })

  it('refuses a cursor of another query, of another index, or of a version that is gone', async () => {
    const { json } = await post(search, { query: 'stars', k: 5 })
    await createWithCorpus('other', 2)
    const asked = [
      post(search, { query: 'moon', cursor: json.next_cursor }),
      post(`${coordinator.url}/v1/indexes/other/search`, { query: 'stars', cursor: json.next_cursor }),
      post(search, { query: 'stars', cursor: withVersion(json.next_cursor, 99) }),
    ]
    for (const refused of await Promise.all(asked)) {
      assert.deepEqual([refused.status, refused.json.code], [400, 'invalid_cursor'])
    }
  })

  it('leaves texts out for ids_only and times the steps for profile', async () => {
    const { json } = await post(search, { query: 'stars', k: 2, ids_only: true, profile: true })
    assert.deepEqual(Object.keys(json.hits[0]), ['id', 'score'])
    const searched = json.profile.shards.map((shard: { shard: number }) => shard.shard)
    assert.deepEqual(searched, [0, 1, 2, 3])
    assert.equal(json.profile.qnet_cached, false)
    const again = await post(search, { query: 'stars', profile: true })
    assert.equal(again.json.profile.qnet_cached, true)
  })

  it("tells what the tangent gave a hit with profile, and only then: it is the segments', not the documents'", async () => {
    const asked = { query: 'stars', k: 3, ids_only: true, plan: 'tangent' }
    const [plain, profiled] = [await post(search, asked), await post(search, { ...asked, profile: true })]
    assert.deepEqual(
      profiled.json.hits.map((hit: { id: string; score: number }) => ({ ...hit, estimate: undefined })),
      plain.json.hits.map((hit: object) => ({ ...hit, estimate: undefined })),
    )
    assert.deepEqual(
      profiled.json.hits.map((hit: { estimate: number }) => Math.fround(hit.estimate)),
      plain.json.hits.map((hit: { score: number }) => Math.fround(hit.score - 1)),
    )
    assert.deepEqual(Object.keys(plain.json.hits[0]), ['id', 'score'])
    const exact = await post(search, { ...asked, plan: 'exact', profile: true })
    assert.deepEqual(Object.keys(exact.json.hits[0]), ['id', 'score'])
  })

  it('sends one call to each shard server, with all its shards', async () => {
    await post(search, { query: 'stars' })
    const calls = coordinator.servers.flatMap(server => server.searches.map(({ shards }) => shards))
    assert.ok(calls.length <= 3)
    assert.deepEqual(calls.flat().sort(), [0, 1, 2, 3])
  })

  it('answers an empty index whole', async () => {
    await post(`${coordinator.url}/v1/indexes`, { name: 'empty' })
    const { status, json } = await post(`${coordinator.url}/v1/indexes/empty/search`, { query: 'stars' })
    assert.deepEqual([status, json.hits, json.coverage.ratio, json.next_cursor], [200, [], 1, null])
  })

  it('holds the deadline when a shard server hangs, and names it', async () => {
    const hung = coordinator.servers.find(server => server.searches.length > 0 || server.prepared.length > 0)!
    hung.hanging = true
    const patient = new AbortController()
    let patientEnded = false
    const waiting = requestWith(patient.signal, { query: 'stars', timeout_ms: 600_000 }).finally(() => {
      patientEnded = true
    })
    const refused = await post(search, { query: 'stars', timeout_ms: 2_000 })
    assert.equal(patientEnded, false, 'an answer that has more time came first: the test tests nothing')
    patient.abort()
    await waiting
    assert.deepEqual([refused.status, refused.json.code], [503, 'insufficient_coverage'])
    const missing = refused.json.details.coverage.missing
    assert.ok(missing.every(({ server }: { server: string }) => server === hung.address))

    const partial = await post(search, { query: 'stars', timeout_ms: 2_000, min_coverage: 0.1 })
    assert.equal(partial.status, 200)
    const { documents_scored, documents_eligible, ratio } = partial.json.coverage
    assert.ok(documents_scored < documents_eligible && ratio === documents_scored / documents_eligible)
  })

  /** A search that ends at the latest when its caller goes away. */
  async function requestWith(signal: AbortSignal, body: object): Promise<void> {
    const headers = { 'content-type': 'application/json' }
    await fetch(search, { method: 'POST', headers, body: JSON.stringify(body), signal }).catch(() => undefined)
  }

  it('asks another replica when one fails, and answers whole', async () => {
    await createWithCorpus('twice', 4, 2)
    const url = `${coordinator.url}/v1/indexes/twice/search`
    for (const server of coordinator.servers) {
      for (const fault of ['down', 'fetchFails'] as const) {
        server[fault] = true
        const [ids] = await pagesOf(url, { query: 'stars', k: 60 })
        assert.deepEqual(ids, rankedIds('stars'))
        server[fault] = false
        await eventually(async () => (await request(`${coordinator.url}/v1/cluster`)).json.servers.every(isLive))
      }
      for (const shard of [0, 1, 2, 3]) server.failingShards.add(shard)
      assert.deepEqual((await pagesOf(url, { query: 'stars', k: 60 }))[0], rankedIds('stars'))
      server.failingShards.clear()
    }
  })

  it('takes a shard for missing whose server gives no texts, and answers from the others', async () => {
    const [failing] = coordinator.servers.filter(server => server.prepared.length > 0)
    const whole = await pagesOf(search, { query: 'stars', k: 60 })
    failing!.fetchFails = true
    const partial = await post(search, { query: 'stars', k: 60, min_coverage: 0 })
    assert.equal(partial.status, 200, JSON.stringify(partial.json))
    const { hits, coverage } = partial.json
    assert.ok(hits.length > 0 && hits.length < corpus.length)
    assert.equal(coverage.documents_scored, hits.length)
    const shards = coverage.missing.map(({ shard }: { shard: number }) => shard)
    assert.deepEqual(shards, failing!.prepared.at(-1)!.shards)
    const places = hits.map(({ id }: { id: string }) => whole[0]!.indexOf(id))
    assert.deepEqual(
      places,
      places.toSorted((a: number, b: number) => a - b),
    )
    assert.ok(hits.every(({ text }: { text: string }) => text !== undefined))

    const page = await post(search, { query: 'stars', k: 5, min_coverage: 0 })
    assert.deepEqual(page.json.hits, hits.slice(0, 5))
  })

  it('has the texts of a page from the servers that found it, in the call that searched', async () => {
    const { json } = await post(search, { query: 'stars', k: 3 })
    const fetches = () => coordinator.servers.map(server => server.fetches)
    assert.ok(fetches().every(count => count === 0))
    const { json: ids } = await post(search, { query: 'stars', k: 3, ids_only: true })
    for (const server of coordinator.servers) assert.equal(server.searches.at(-1)?.documents ?? 0, 0)
    // Of hits whose documents did not come with them, or are others', they are fetched.
    for (const server of coordinator.servers) server.attachMixesUp = true
    const { json: fetched } = await post(search, { query: 'stars', k: 3 })
    assert.ok(fetches().some(count => count > 0))
    assert.deepEqual(fetched.hits, json.hits)
    assert.deepEqual(
      ids.hits.map(({ id }: { id: string }) => id),
      json.hits.map(({ id }: { id: string }) => id),
    )
  })

  it('gives a typed 503 and no hits when the texts cannot be fetched', async () => {
    for (const server of coordinator.servers) server.fetchFails = true
    const refused = await post(search, { query: 'stars' })
    assert.deepEqual([refused.status, refused.json.code], [503, 'insufficient_coverage'])
    for (const { server, message } of refused.json.details.coverage.missing) {
      assert.ok(message.includes(`could not be fetched from ${server}`), message)
    }
    const none = await post(search, { query: 'stars', min_coverage: 0 })
    assert.deepEqual([none.status, none.json.hits, none.json.coverage.documents_scored], [200, [], 0])
    assert.equal((await post(search, { query: 'stars', ids_only: true })).status, 200)
  })

  it('cancels the search when the client goes away', async () => {
    for (const server of coordinator.servers) server.searchMs = 300_000
    const gone = httpRequest(search, { method: 'POST', headers: { 'content-type': 'application/json' } })
    gone.on('error', () => undefined)
    gone.end('{"query":"stars"}')
    await eventually(async () => outstanding(await request(`${coordinator.url}/v1/cluster`)) > 0)
    gone.destroy()
    await eventually(async () => outstanding(await request(`${coordinator.url}/v1/cluster`)) === 0)
  })

  it('refuses searches beyond those that may wait, with Retry-After', async () => {
    const environment = { HYPERSHARD_SEARCH_IN_FLIGHT_MAX: '1', HYPERSHARD_SEARCH_WAITING_MAX: '1' }
    const { storeDirectory } = coordinator
    const small = await startTestCoordinator({ servers: 3, storeDirectory, environment })
    try {
      const refusals = Promise.withResolvers<void>()
      let refusedSoFar = 0
      for (const server of small.servers) server.beforeSearch = () => refusals.promise
      const url = `${small.url}/v1/indexes/papers/search`
      const ask = async () => {
        const answer = await post(url, { query: 'stars' })
        if (answer.status === 429 && ++refusedSoFar === 3) refusals.resolve()
        return answer
      }
      const answers = await Promise.all(Array.from({ length: 5 }, ask))
      const statuses = answers.map(({ status }) => status).sort()
      assert.deepEqual(statuses, [200, 200, 429, 429, 429])
      const refused = answers.find(({ status }) => status === 429)!
      assert.deepEqual([refused.json.code, refused.headers.get('retry-after')], ['overloaded', '1'])
    } finally {
      await small.stop()
    }
  })
})

function isLive({ live }: { live: boolean }): boolean {
  return live
}

function outstanding({ json }: { json: { servers: { outstanding: number }[] } }): number {
  return json.servers.reduce((sum, server) => sum + server.outstanding, 0)
}

function withVersion(cursor: string, v: number): string {
  const content = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  return Buffer.from(JSON.stringify({ ...content, v })).toString('base64url')
}
