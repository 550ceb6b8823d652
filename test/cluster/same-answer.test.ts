import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import {
  type Answer,
  madeUpDocuments,
  madeUpText,
  type SearchAnswer,
  startTestCluster,
  type TestCluster,
} from '@hypershard/harness/cluster'

describe('a cluster of processes', () => {
  /** A third has no kind, and the kinds are as often as not equally frequent. */
  const documents = madeUpDocuments(600).map((document, at) => ({
    ...document,
    ...(at % 3 > 0 && { kind: `kind-${(at * at) % 7}` }),
  }))
  const queries = casesOf({ usual: 20, thorough: 120 })
  let cluster: TestCluster

  before(async () => {
    cluster = await startTestCluster()
    for (const shards of [1, 2, 4, 8]) {
      const created = await cluster.request('POST', '/v1/indexes', {
        name: `shards-${shards}`,
        shards,
        fields: { number: { type: 'number' }, kind: { type: 'keyword' } },
        lexical: { analyzer: 'simple' },
      })
      assert.equal(created.status, 201)
      const put = await cluster.put(`shards-${shards}`, documents)
      assert.deepEqual([put.status, put.body.accepted, put.body.failed], [200, 600, 0])
    }
  })
  after(() => cluster.stop())

  it(`answers ${queries} random queries alike from 1, 2, 4 and 8 shards, ties included`, async () => {
    let ties = 0
    for (let query = 0; query < queries; query++) {
      const text = madeUpText(10_000 + query, 4)
      const answers: SearchAnswer['hits'][] = []
      for (const shards of [1, 2, 4, 8]) {
        const { status, body } = await cluster.search(`shards-${shards}`, text, {
          k: 15,
          ids_only: true,
          plan: 'exact',
        })
        assert.equal(status, 200)
        assert.equal(body.coverage.ratio, 1)
        answers.push(body.hits)
      }
      for (const answer of answers) assert.deepEqual(answer, answers[0])
      ties += answers[0]!.filter((hit, rank) => hit.score === answers[0]![rank + 1]?.score).length
    }
    assert(ties > queries / 2, `only ${ties} ties: the test does not test them`)
  })

  /** Every page of a search, by its ids. */
  async function pagesOf(text: string, k: number, options: Record<string, unknown> = {}): Promise<string[]> {
    const seen: string[] = []
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const body = { k, ids_only: true, ...options, ...(cursor === undefined ? {} : { cursor }) }
      const answer: Answer<SearchAnswer> = await cluster.search('shards-4', text, body)
      assert.equal(answer.status, 200)
      seen.push(...answer.body.hits.map(hit => hit.id))
      cursor = answer.body.next_cursor
    }
    return seen
  }

  it('pages through the whole index, every document once, in the order of one large page', async () => {
    const text = madeUpText(77, 4)
    const { body: whole } = await cluster.search('shards-4', text, { k: 600, ids_only: true, plan: 'exact' })
    const seen = await pagesOf(text, 90, { plan: 'exact' })
    assert.deepEqual(
      seen,
      whole.hits.map(hit => hit.id),
    )
    assert.equal(new Set(seen).size, 600)
  })

  it('ranks all by a tangent and scores a few, alike to the bit', async () => {
    const text = madeUpText(78, 4)
    const { body: exact } = await cluster.search('shards-4', text, { k: 600, ids_only: true, plan: 'exact' })
    const { body: tangent } = await cluster.search('shards-4', text, {
      ids_only: true,
      plan: 'tangent',
      candidates: 20,
    })
    assert.deepEqual([exact.plan, tangent.plan], ['exact', 'tangent'])
    const { documents_scored: scored, documents_scanned: scanned, ratio } = tangent.coverage
    assert.deepEqual([scanned, ratio, exact.coverage.documents_scanned], [600, 1, 0])
    assert.equal(scored, 80)
    const scores = new Map(exact.hits.map(({ id, score }) => [id, score]))
    for (const { id, score } of tangent.hits) assert.equal(score, scores.get(id))
  })

  it('is exact for a recall where that costs less, and with graphs asked for reads all where no segment has one', async () => {
    const text = madeUpText(81, 4)
    const { body: exact } = await cluster.search('shards-4', text, {
      k: 50,
      ids_only: true,
      plan: 'exact',
      profile: true,
    })
    const { body: auto } = await cluster.search('shards-4', text, { k: 50, ids_only: true, recall: 0.9, profile: true })
    assert.deepEqual([exact.plan, auto.plan], ['exact', 'auto'])
    assert.deepEqual(auto.hits, exact.hits)
    assert.deepEqual(
      auto.profile!.shards.map(({ plan, documents_walked: walked }) => [plan, walked]),
      Array(4).fill(['exact', 0]),
    )
    const { body: graph } = await cluster.search('shards-4', text, { k: 50, ids_only: true, plan: 'graph' })
    assert.deepEqual([graph.hits, graph.coverage.documents_scanned], [exact.hits, 600])
    const refused = await cluster.search('shards-4', text, { plan: 'exact', recall: 0.9 })
    assert.equal(refused.status, 400)
    assert.match(JSON.stringify(refused.body), /recall: belongs to the plan auto, not to exact/)
  })

  it('pages for a recall when nothing is said, every document once, and finds nearly all', async () => {
    const text = madeUpText(82, 4)
    const { body: exact } = await cluster.search('shards-4', text, { k: 600, ids_only: true, plan: 'exact' })
    const { body: first } = await cluster.search('shards-4', text, { k: 60, ids_only: true })
    assert.equal(first.plan, 'auto')
    const seen = await pagesOf(text, 60)
    assert.equal(new Set(seen).size, seen.length)
    const place = new Map(exact.hits.map(({ id }, rank) => [id, rank]))
    const places = seen.map(id => place.get(id)!)
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
    )
    assert.ok(seen.length >= 594, `${seen.length} of 600`)
  })

  it('pages by tangent beyond the candidates of a page, no document twice', async () => {
    const text = madeUpText(79, 4)
    const seen = await pagesOf(text, 90, { plan: 'tangent', candidates: 100 })
    assert.equal(new Set(seen).size, seen.length)
    // What a page misses because its tangent ranked it too low, no later page gives: its place is behind the cursor.
    assert.ok(seen.length > 540, `${seen.length} of 600`)
    const { body: whole } = await cluster.search('shards-4', text, { k: 600, ids_only: true, plan: 'exact' })
    const everything = await pagesOf(text, 90, { plan: 'tangent', candidates: 600 })
    assert.deepEqual(
      everything,
      whole.hits.map(hit => hit.id),
    )
    const { body } = await cluster.search('shards-4', text, { plan: 'tangent' })
    const foreign = await cluster.search('shards-4', text, { cursor: body.next_cursor })
    assert.equal(foreign.status, 400)
  })

  it('filters alike whatever the plan and the number of shards, page by page', async () => {
    const text = madeUpText(80, 4)
    const { body: whole } = await cluster.search('shards-4', text, { k: 600, plan: 'exact' })
    const numberOf = new Map(documents.map(({ id, number }) => [id, number]))
    for (const [from, below] of [
      [0, 600],
      [100, 400],
      [590, 600],
      [600, 700],
    ]) {
      const filter = { must: [{ field: 'number', gte: from }], must_not: [{ field: 'number', gte: below }] }
      const expected = whole.hits
        .map(({ id }) => id)
        .filter(id => numberOf.get(id)! >= from! && numberOf.get(id)! < below!)
      for (const shards of [1, 2, 4, 8]) {
        const options = { k: 600, ids_only: true, filter, candidates: 600 }
        for (const plan of ['exact', 'tangent']) {
          const { body } = await cluster.search(`shards-${shards}`, text, { ...options, plan })
          assert.deepEqual(
            body.hits.map(({ id }) => id),
            expected,
          )
          const { documents_matched: matched, documents_scored: scored, ratio } = body.coverage
          assert.deepEqual([matched, scored, ratio], [expected.length, expected.length, 1])
        }
      }
      assert.deepEqual(await pagesOf(text, 70, { filter, plan: 'exact' }), expected)
    }
  })

  it('counts the values of fields alike from any number of shards, of what passes the filter alone', async () => {
    const passing = documents.filter(({ number }) => number >= 100)
    const counts = new Map<string, number>()
    for (const { kind } of passing) if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + 1)
    const values = [...counts].map(([value, count]) => ({ value, count }))
    values.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
    assert.ok(new Set(counts.values()).size < counts.size, 'no two are equally frequent: the test does not test ties')
    const facets = [{ field: 'kind', limit: 3 }, { field: 'number' }]
    for (const shards of [1, 2, 4, 8]) {
      const filter = { field: 'number', gte: 100 }
      const { body } = await cluster.search(`shards-${shards}`, madeUpText(83, 4), { k: 1, filter, facets })
      assert.deepEqual(body.facets![0], { field: 'kind', values: values.slice(0, 3), distinct: counts.size })
      assert.deepEqual(
        body.facets![1]!.values,
        Array.from({ length: 10 }, (_, at) => ({ value: 100 + at, count: 1 })),
      )
    }
  })

  it('groups alike from any number of shards, page by page, with all hits of each group', async () => {
    const text = madeUpText(84, 4)
    const filter = { field: 'number', gte: 100 }
    const { body: whole } = await cluster.search('shards-4', text, { k: 600, plan: 'exact', filter })
    const byKind = Map.groupBy(whole.hits, ({ fields }) => (fields!.kind as string | undefined) ?? null)
    const expected = [...byKind].map(([value, hits]) => ({
      value,
      hits: hits.slice(0, 3).map(({ id, score }) => [id, score]),
    }))
    assert.ok(expected.length > 4)
    for (const shards of [1, 2, 4, 8]) {
      const groups: typeof expected = []
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const options = { group_by: { field: 'kind', groups: 2, hits: 3 }, filter, ids_only: true }
        const { body } = await cluster.search(`shards-${shards}`, text, { ...options, ...(cursor && { cursor }) })
        assert.deepEqual([body.coverage.ratio, body.hits], [1, []])
        const found = body.groups as { value: string | null; hits: SearchAnswer['hits'] }[]
        groups.push(...found.map(({ value, hits }) => ({ value, hits: hits.map(({ id, score }) => [id, score]) })))
        cursor = body.next_cursor
      }
      assert.deepEqual(groups, expected)
      const { body } = await cluster.search(`shards-${shards}`, text, { group_by: { field: 'number' }, filter })
      assert.deepEqual(
        body.groups!.map(({ hits }) => hits),
        whole.hits.slice(0, 10).map(hit => [hit]),
      )
    }
  })

  it('groups what was joined, and what is like a document, alike from any number of shards', async () => {
    const hybrid = { query: madeUpText(86, 4), hybrid: { lexical: 0.5, candidates: 40 }, plan: 'exact', ids_only: true }
    const like = { like: { id: documents[7]!.id }, plan: 'exact', ids_only: true }
    const kindOf = new Map(documents.map(({ id, ...document }) => [id, 'kind' in document ? document.kind : null]))
    for (const asked of [hybrid, like]) {
      const pages = async (index: string, options: object) => {
        const found: SearchAnswer[] = []
        for (let cursor: string | null | undefined; cursor !== null; ) {
          const body = { ...asked, ...options, ...(cursor && { cursor }) }
          const answer = await cluster.request('POST', `/v1/indexes/${index}/search`, body)
          assert.equal(answer.status, 200)
          found.push(answer.body as unknown as SearchAnswer)
          cursor = found.at(-1)!.next_cursor
        }
        return found
      }
      const whole = (await pages('shards-4', { k: asked === like ? 600 : 40 })).flatMap(({ hits }) => hits)
      const byKind = Map.groupBy(whole, ({ id }) => kindOf.get(id)!)
      const expected = [...byKind].map(([value, hits]) => ({ value, hits: hits.slice(0, 3) }))
      assert.ok(expected.length > 4)
      for (const shards of [1, 2, 4, 8]) {
        const found = await pages(`shards-${shards}`, { group_by: { field: 'kind', groups: 3, hits: 3 } })
        assert.deepEqual(
          found.flatMap(({ groups }) => groups),
          expected,
        )
      }
    }
  })

  it('sorts by fields alike from any number of shards, page by page', async () => {
    const text = madeUpText(85, 4)
    const { body: whole } = await cluster.search('shards-4', text, { k: 600, plan: 'exact' })
    const kindOf = ({ fields }: SearchAnswer['hits'][number]) => fields!.kind as string | undefined
    const expected = whole.hits
      .toSorted((a, b) => {
        const [one, other] = [kindOf(a), kindOf(b)]
        if (one === other) return 0
        return one === undefined || other === undefined ? (one === undefined ? 1 : -1) : one < other ? 1 : -1
      })
      .map(({ id, score }) => [id, score])
    for (const shards of [1, 2, 4, 8]) {
      const found: unknown[] = []
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const options = { sort: [{ field: 'kind', order: 'desc' }], k: 250, ids_only: true }
        const { body } = await cluster.search(`shards-${shards}`, text, { ...options, ...(cursor && { cursor }) })
        found.push(...body.hits.map(({ id, score }) => [id, score]))
        cursor = body.next_cursor
      }
      assert.deepEqual(found, expected)
    }
  })

  it('refuses a filter that the index does not know, a value that is none of its field, and a cursor of another', async () => {
    const filter = { field: 'number', equals: 3 }
    const { body, status } = await cluster.search('shards-2', 'x', { filter: { field: 'color', equals: 'red' } })
    assert.deepEqual([status, (body as unknown as { code: string }).code], [400, 'invalid_request'])
    const put = await cluster.put('shards-2', [{ id: 'wrong', text: 'x', number: 'three' }])
    assert.deepEqual([put.body.accepted, put.body.failed], [0, 1])
    const page = await cluster.search('shards-2', 'x', { k: 1 })
    const foreign = await cluster.search('shards-2', 'x', { k: 1, filter, cursor: page.body.next_cursor })
    assert.equal(foreign.status, 400)
  })

  it('gives hits their title, text and fields', async () => {
    const { body } = await cluster.search('shards-2', documents[17]!.text, { k: 1 })
    const [hit] = body.hits
    const document = documents.find(candidate => candidate.id === hit!.id)!
    assert.deepEqual(
      { text: hit!.text, fields: hit!.fields },
      { text: document.text, fields: { number: document.number, ...('kind' in document && { kind: document.kind }) } },
    )
  })

  it('finds what was put as soon as the put is answered, and the new text of a replaced document', async () => {
    await cluster.request('POST', '/v1/indexes', { name: 'fresh', shards: 3 })
    for (let round = 0; round < 5; round++) {
      const text = madeUpText(500 + round, 12)
      await cluster.put('fresh', [
        { id: 'one', text },
        { id: `other-${round}`, text: madeUpText(900 + round, 12) },
      ])
      const { body } = await cluster.search('fresh', text, { k: 20 })
      assert.equal(body.hits.length, round + 2)
      assert.deepEqual(
        body.hits.filter(hit => hit.id === 'one').map(hit => hit.text),
        [text],
      )
      assert.equal(body.manifest_version, round + 1)
    }
  })

  it('keeps every document over a restart of every process', async () => {
    const text = madeUpText(88, 4)
    const before = await cluster.search('shards-4', text)
    for (const name of ['coordinator', 'indexer', 'shard-1', 'shard-2', 'encoder'])
      await cluster.cluster.restartProcess(name)
    await until(async () => (await cluster.request('GET', '/readyz')).status === 200)
    const after = await cluster.search('shards-4', text)
    assert.deepEqual(after.body.hits, before.body.hits)
    assert.equal(after.body.coverage.ratio, 1)
  })

  it('forgets an index that is deleted, and its name is free', async () => {
    await cluster.request('POST', '/v1/indexes', { name: 'gone' })
    await cluster.put('gone', documents.slice(0, 20))
    assert.equal((await cluster.request('DELETE', '/v1/indexes/gone')).status, 204)
    assert.equal((await cluster.search('gone', 'anything')).status, 404)
    assert.equal((await cluster.request('POST', '/v1/indexes', { name: 'gone' })).status, 201)
    const { body } = await cluster.search('gone', 'anything')
    assert.deepEqual([body.hits, body.coverage.documents_eligible], [[], 0])
  })
})

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    if (await holds()) return
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  assert.fail('did not come true within 10 s')
}
