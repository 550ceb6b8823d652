import assert from 'node:assert/strict'
import { HypershardError } from '@hypershard/common'
import { eventually } from '@hypershard/harness'
import { SearchPlan } from '@hypershard/proto/shard'
import {
  type Answer,
  post,
  put,
  request,
  startTestCoordinator,
  startTestIndexer,
  type TestCoordinator,
} from '../../testing/test-coordinator.ts'

const corpus = Array.from({ length: 60 }, (_, at) => ({
  id: `d${at}`,
  text: `${['stars', 'moon', 'sun'][at % 3]} ${['dust', 'comet'][at % 2]} ${at}`,
}))

describe('generations over HTTP', () => {
  let coordinator: TestCoordinator
  let index: string
  /** For which shard servers keep a generation that no name points at. */
  let pause: PromiseWithResolvers<void>

  beforeEach(async () => {
    pause = Promise.withResolvers<void>()
    coordinator = await startTestCoordinator({ servers: 2, pauses: { unserved: () => pause.promise } })
    index = `${coordinator.url}/v1/indexes/papers`
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers', shards: 2 })
    await put(`${index}/documents`, corpus)
  })

  afterEach(() => coordinator.stop())

  const patch = (url: string, body: object): Promise<Answer> =>
    request(url, { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

  const untilCaughtUp = (generation: number) =>
    eventually(async () => (await request(`${index}/generations/${generation}`)).json.progress.caught_up)

  async function search(query: string, more: object = {}): Promise<{ ids: string[]; json: Answer['json'] }> {
    const { status, json } = await post(`${index}/search`, { query, k: 100, ...more })
    assert.equal(status, 200, JSON.stringify(json))
    return { ids: json.hits.map(({ id }: { id: string }) => id), json }
  }

  it('builds the index anew beside the old one while writes go on, and switches without a gap', async () => {
    const started = await post(`${index}/reindex`, { model: 'words-too', shards: 3 })
    assert.deepEqual([started.status, started.json.generation, started.json.phase], [201, 2, 'building'])
    await put(`${index}/documents`, [
      { id: 'd0', text: 'stars anew' },
      { id: 'new', text: 'stars' },
      { id: 'd3', _op: 'delete' },
    ])
    await untilCaughtUp(2)
    assert.equal((await request(index)).json.generation, 1)

    const searches = coordinator.servers.flatMap(server => server.searches)
    const { json: parity } = await post(`${index}/generations/2/compare`, { samples: 20 })
    const compared = coordinator.servers.flatMap(server => server.searches).filter(asked => !searches.includes(asked))
    assert.deepEqual([...new Set(compared.map(({ plan }) => plan))], [SearchPlan.SEARCH_PLAN_EXACT])
    assert.deepEqual([parity.overlap_at_10, parity.documents_served, parity.documents_candidate], [1, 60, 60])
    assert.ok(parity.queries >= 15, `${parity.queries} queries`)
    assert.ok(parity.score_correlation > 0.999)
    assert.equal((await search('stars', { generation: 2 })).json.coverage.documents_eligible, 60)

    const before = await search('stars')
    const promoted = await post(`${index}/generations/2/promote`, {})
    assert.deepEqual([promoted.status, promoted.json.phase, promoted.json.names], [200, 'live', ['papers']])
    const described = (await request(index)).json
    assert.deepEqual([described.generation, described.shards, described.model.name], [2, 3, 'words-too'])
    assert.deepEqual((await search('stars')).ids, before.ids)

    // Both follow the log from now on, so that going back loses nothing.
    await put(`${index}/documents`, [{ id: 'later', text: 'stars' }])
    await untilCaughtUp(1)
    assert.equal((await post(`${index}/rollback`, {})).json.generation, 1)
    const back = await search('stars')
    assert.deepEqual([back.ids.includes('later'), back.json.coverage.documents_eligible], [true, 61])
    assert.equal((await request(index)).json.generation, 1)
  })

  it('has shard servers let go of the generation before, once the pause after a promotion is over', async () => {
    await post(`${index}/reindex`, { model: 'words-too' })
    await untilCaughtUp(2)
    await post(`${index}/generations/2/promote`, {})
    const letGo = () => coordinator.servers.map(({ releasedGenerations }) => releasedGenerations)
    assert.deepEqual(letGo(), [[], []])
    pause.resolve()
    await eventually(() => letGo().every(generations => generations.length > 0))
    assert.deepEqual(letGo(), [[1], [1]])
  })

  it('answers every search while a generation is built and promoted', async () => {
    coordinator.encoder.beforeBatch = () => new Promise(resolve => setTimeout(resolve, 20))
    const failures: unknown[] = []
    let searching = true
    const searches = (async () => {
      while (searching) {
        const { status, json } = await post(`${index}/search`, { query: 'moon dust', k: 5 })
        if (status !== 200 || json.coverage.ratio !== 1) failures.push(json)
      }
    })()
    await post(`${index}/reindex`, { model: 'words-too' })
    await untilCaughtUp(2)
    assert.equal((await post(`${index}/generations/2/promote`, {})).status, 200)
    assert.equal((await post(`${index}/rollback`, {})).status, 200)
    searching = false
    await searches
    assert.deepEqual(failures, [])
  })

  it('refuses to promote what has not caught up, and a second build beside a first', async () => {
    const encoding = Promise.withResolvers<void>()
    coordinator.encoder.beforeBatch = () => encoding.promise
    await post(`${index}/reindex`, { model: 'words-too' })
    const early = await post(`${index}/generations/2/promote`, {})
    assert.deepEqual([early.status, early.json.code], [409, 'wrong_phase'])
    assert.deepEqual(early.json.details.backfill, { total: 60, done: 0 })
    const second = await post(`${index}/reindex`, { model: 'words-too' })
    assert.deepEqual([second.status, second.json.code, second.json.details.generation], [409, 'wrong_phase', 2])
    encoding.resolve()
  })

  it('pauses, resumes, throttles and cancels', async () => {
    await coordinator.stop()
    coordinator = await startTestCoordinator({ servers: 2, indexer: false })
    index = `${coordinator.url}/v1/indexes/papers`
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers', shards: 2 })
    await whileIndexing(() => put(`${index}/documents`, corpus))
    const build = `${index}/generations/2`
    await post(`${index}/reindex`, { model: 'words' })
    await patch(build, { paused: true })
    const encoded = coordinator.encoder.documentsEncoded
    await whileIndexing(async () => {
      // Whoever indexes this has looked for all that there is to do.
      await put(`${index}/documents`, [{ id: 'later', text: 'stars' }])
      assert.equal((await request(build)).json.progress.backfill_done, 0)
      assert.equal(coordinator.encoder.documentsEncoded, encoded + 1, 'work goes on though it is paused')
      await resumeAndCancel(build)
    })
  })

  async function whileIndexing(work: () => Promise<unknown>): Promise<void> {
    const settings = { HYPERSHARD_COORDINATORS: coordinator.grpcAddress }
    const indexer = await startTestIndexer(coordinator.storeDirectory, coordinator.encoder, { settings })
    await work().finally(() => indexer.stop())
  }

  async function resumeAndCancel(build: string): Promise<void> {
    const throttled = await patch(build, { paused: false, documents_per_second_max: 1_000 })
    assert.equal(throttled.json.documents_per_second_max, 1_000)
    await untilCaughtUp(2)
    const cancelled = await post(`${build}/cancel`, {})
    assert.deepEqual([cancelled.json.phase, cancelled.json.names], ['cancelled', []])
    const again = await post(`${build}/promote`, {})
    assert.deepEqual([again.status, again.json.code], [409, 'wrong_phase'])
    assert.equal((await post(`${index}/reindex`, {})).json.generation, 3)
  }

  it('takes queries of users to calibrate graphs with, which the next build takes over', async () => {
    const queries = Array.from({ length: 20 }, (_, at) => `query ${at}`)
    const one = `${index}/generations/1`
    assert.equal((await request(one)).json.sample_queries, 0)
    const { status, json } = await patch(one, { sample_queries: queries })
    assert.deepEqual([status, json.sample_queries, json.segments_to_calibrate], [200, 20, 0])
    for (const refused of [queries.slice(5), [...queries, ' '], Array(65).fill('a'), [...queries, 'a'.repeat(1_001)]]) {
      const answer = await patch(one, { sample_queries: refused })
      assert.deepEqual([answer.status, answer.json.code], [400, 'invalid_request'], JSON.stringify(answer.json))
    }
    assert.equal((await post(`${index}/reindex`, {})).json.sample_queries, 20)
    await post(`${index}/generations/2/cancel`, {})
    assert.equal((await post(`${index}/reindex`, { sample_queries: queries.slice(4) })).json.sample_queries, 16)
    assert.equal((await patch(`${index}/generations/3`, { sample_queries: null })).json.sample_queries, 0)
    assert.equal((await request(one)).json.sample_queries, 20)
  })

  it('tells progress as server-sent events until the build has caught up', async () => {
    await post(`${index}/reindex`, {})
    const response = await fetch(`${index}/generations/2/events`)
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    const events = (await response.text()).trim().split('\n\n')
    const last = JSON.parse(events.at(-1)!.split('\ndata: ')[1]!)
    assert.deepEqual([last.progress.caught_up, last.documents], [true, 60])
  })

  it('names the segments of each build', async () => {
    await put(`${index}/documents`, [{ id: 'd3', _op: 'delete' }])
    await post(`${index}/reindex`, { model: 'words-too', shards: 3 })
    await untilCaughtUp(2)
    for (const [generation, shards] of [[1, 2] as const, [2, 3] as const]) {
      const { status, json } = await request(`${index}/generations/${generation}/segments`)
      assert.deepEqual([status, json.generation], [200, generation])
      const found: { shard: number; documents: number }[] = json.segments
      assert.deepEqual([...new Set(found.map(({ shard }) => shard))].sort(), [0, 1, 2].slice(0, shards))
      assert.equal(
        found.reduce((sum, { documents }) => sum + documents, 0),
        59,
      )
    }
    assert.equal((await request(`${index}/generations/9/segments`)).json.code, 'generation_not_found')
  })

  it('drops a build that no name points at, and no other', async () => {
    await post(`${index}/reindex`, {})
    await untilCaughtUp(2)
    await post(`${index}/generations/2/promote`, {})
    const served = await request(`${index}/generations/2`, { method: 'DELETE' })
    assert.deepEqual([served.status, served.json.details.names], [409, ['papers']])
    assert.equal((await request(`${index}/generations/1`, { method: 'DELETE' })).json.phase, 'dropped')
    const back = await post(`${index}/rollback`, {})
    assert.deepEqual([back.status, back.json.code], [409, 'wrong_phase'])
  })

  it('knows no generation that was never made', async () => {
    for (const answer of [
      await request(`${index}/generations/7`),
      await post(`${index}/generations/7/compare`, {}),
      await post(`${index}/search`, { query: 'stars', generation: 7 }),
    ]) {
      assert.deepEqual([answer.status, answer.json.code], [404, 'generation_not_found'])
    }
    assert.equal((await request(`${index}/generations/0`)).status, 400)
    assert.equal((await post(`${index}/reindex`, { model: 'none' })).json.code, 'model_not_found')
  })

  it('is whole, says a verification, and has nothing to collect that is young', async () => {
    await put(`${index}/documents`, corpus.slice(0, 10))
    const { json } = await post(`${index}/verify`, '{}')
    assert.deepEqual([json.documents, json.documents_counted, json.problems], [60, 60, []])
    const collected = await post(`${index}/collect`, { dry_run: true })
    assert.deepEqual([collected.status, collected.json.files], [200, 0])
  })

  it('takes documents that were set aside into the new build', async () => {
    const { encodeDocuments } = coordinator.encoder
    coordinator.encoder.encodeDocuments = async (batch, context) => {
      if (batch.documents.some(({ text }) => text === 'poison')) throw new HypershardError('internal', 'told to fail')
      return encodeDocuments.call(coordinator.encoder, batch, context)
    }
    await put(`${index}/documents`, [{ id: 'bad', text: 'poison' }])
    assert.equal((await request(index)).json.documents_aside, 1)
    coordinator.encoder.encodeDocuments = encodeDocuments
    await post(`${index}/reindex`, {})
    await untilCaughtUp(2)
    const { documents, documents_aside } = (await request(`${index}/generations/2`)).json
    assert.deepEqual([documents, documents_aside], [61, 0])
  })
})

describe('aliases over HTTP', () => {
  let coordinator: TestCoordinator
  let url: string

  beforeEach(async () => {
    coordinator = await startTestCoordinator()
    url = coordinator.url
    for (const name of ['one', 'two']) {
      await post(`${url}/v1/indexes`, { name })
      await put(`${url}/v1/indexes/${name}/documents`, [{ id: name, text: 'stars' }])
    }
  })

  afterEach(() => coordinator.stop())

  const change = (...actions: object[]) => post(`${url}/v1/aliases`, { actions })
  const found = async (name: string) => (await post(`${url}/v1/indexes/${name}/search`, { query: 'stars' })).json

  it('point searches and writes at an index, and move in one step', async () => {
    await change({ add: { alias: 'live', index: 'one' } }, { add: { alias: 'spare', index: 'two' } })
    assert.deepEqual([(await found('live')).hits[0].id, (await found('spare')).hits[0].id], ['one', 'two'])
    await put(`${url}/v1/indexes/live/documents`, [{ id: 'more', text: 'stars' }])
    assert.equal((await found('one')).hits.length, 2)
    const { json } = await change({ add: { alias: 'live', index: 'two' } }, { add: { alias: 'spare', index: 'one' } })
    assert.deepEqual(json.aliases, [
      { alias: 'live', index: 'two', generation: 1, problem: null },
      { alias: 'spare', index: 'one', generation: 1, problem: null },
    ])
    assert.equal((await found('live')).hits[0].id, 'two')
    const history = (await request(`${url}/v1/aliases/history`)).json.versions
    assert.deepEqual(
      history.map(({ version, actions }: { version: number; actions: unknown[] }) => [version, actions.length]),
      [
        [2, 2],
        [1, 2],
      ],
    )
  })

  it('change all together or not at all', async () => {
    const refused = await change({ add: { alias: 'live', index: 'one' } }, { add: { alias: 'x', index: 'none' } })
    assert.deepEqual([refused.status, refused.json.code], [404, 'index_not_found'])
    assert.deepEqual((await request(`${url}/v1/aliases`)).json.aliases, [])
  })

  it('share their names with nothing else', async () => {
    assert.equal((await change({ add: { alias: 'one', index: 'two' } })).json.code, 'index_exists')
    await change({ add: { alias: 'live', index: 'one' } })
    assert.equal((await post(`${url}/v1/indexes`, { name: 'live' })).json.code, 'index_exists')
    assert.equal((await change({ remove: { alias: 'none' } })).json.code, 'alias_not_found')
    await change({ remove: { alias: 'live' } })
    assert.equal((await found('live')).code, 'index_not_found')
  })

  it('are the same for every coordinator of a store', async () => {
    const second = await startTestCoordinator({ storeDirectory: coordinator.storeDirectory })
    try {
      await change({ add: { alias: 'live', index: 'one' } })
      await eventually(async () => {
        const { status } = await post(`${second.url}/v1/indexes/live/search`, { query: 'stars' })
        return status === 200
      })
    } finally {
      await second.stop()
    }
  })
})
