import assert from 'node:assert/strict'
import { casesOf, type TestKeys, writeTestKeys } from '@hypershard/harness'
import fc from 'fast-check'
import {
  type Answer,
  request,
  startTestCoordinator,
  type TestCoordinator,
} from '../../coordinator/src/testing/test-coordinator.ts'

const tenants = ['ada', 'bob', 'cyd'] as const
const words = ['stars', 'moons', 'tides', 'night'] as const
const plans = ['exact', 'tangent', 'graph', 'auto'] as const

interface TenantDocument {
  readonly id: string
  readonly title: string
  readonly text: string
  readonly tenant: string
  readonly price: number
}

/** What of an answer differs between any two indexes, or two times. */
const ofItsOwn = ['took_ms', 'manifest_version', 'sequence', 'retry_after_ms']

/** A filter over what all documents have, tenants included. */
const filters: fc.Arbitrary<object> = fc.letrec<{ filter: object }>(tie => ({
  filter: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    fc.record({ field: fc.constant('tenant'), equals: fc.constantFrom(...tenants) }),
    fc.record({ field: fc.constant('price'), gte: fc.integer({ min: 0, max: 9 }) }),
    fc.record({ field: fc.constantFrom('tenant', 'price'), exists: fc.boolean() }),
    fc.record({ must: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ should: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ must_not: tie('filter') }),
    fc.record({ field: fc.constantFrom('nothing', 'secret'), equals: fc.constant('ada') }),
  ),
})).filter

/** By words, or by a document of whoever it is; of one that is gone, too. */
const likes = fc.tuple(fc.constantFrom(...tenants), fc.nat({ max: 24 })).map(([tenant, at]) => `mark${tenant}${at}`)
const questions = fc.oneof(
  fc.record({ query: fc.constantFrom('stars', 'moons tides', 'night', 'x') }),
  fc.record({ like: fc.record({ id: likes }) }),
)

const waysToSearch = fc.record(
  {
    plan: fc.constantFrom(...plans),
    k: fc.constantFrom(1, 2, 50),
    ids_only: fc.boolean(),
    cache: fc.boolean(),
    profile: fc.boolean(),
    min_coverage: fc.constantFrom(0, 0.5, 1),
    filter: filters,
  },
  { requiredKeys: ['plan', 'k'] },
)

const searches = fc.tuple(questions, waysToSearch).map(([question, way]) => ({ ...question, ...way }))

const collections = fc
  .array(
    fc.record({
      tenant: fc.constantFrom(...tenants),
      said: fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 4 }),
      price: fc.integer({ min: 0, max: 9 }),
    }),
    { minLength: 8, maxLength: 24 },
  )
  .map(drawn =>
    drawn.map(({ tenant, said, price }, at): TenantDocument => {
      const mark = `mark${tenant}${at}`
      return { id: mark, title: `title ${mark}`, text: said.join(' '), tenant, price }
    }),
  )

/**
 * A tenant's key is asked everything of an index that it shares, and of one with its own documents alone. The answers are the
 * same, to the bit but for times and versions: so no answer depends on another tenant's documents.
 */
describe('a tenant that shares an index', () => {
  let keys: TestKeys<'root' | 'ada'>
  let coordinator: TestCoordinator
  let cases = 0

  before(async () => {
    keys = await writeTestKeys<'root' | 'ada'>({
      root: {},
      ada: { filter: { field: 'tenant', equals: 'ada' } },
    } as never)
    const environment = { HYPERSHARD_KEYS: keys.path, HYPERSHARD_ANSWER_CACHE_BYTES_MAX: '1000000' }
    coordinator = await startTestCoordinator({ environment })
  })

  after(async () => {
    await coordinator?.stop()
    await keys?.remove()
  })

  function ask(
    key: 'root' | 'ada',
    method: string,
    path: string,
    body?: unknown,
    type = 'application/json',
  ): Promise<Answer> {
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
    // Problems say it.
    const requestId = { 'x-request-id': 'the-same' }
    const headers = { ...keys.headers[key], ...requestId, ...(body === undefined ? {} : { 'content-type': type }) }
    return request(`${coordinator.url}/v1/indexes${path}`, { method, headers, ...sent })
  }

  async function makeIndex(name: string, documents: readonly TenantDocument[]): Promise<void> {
    const fields = { tenant: { type: 'keyword' }, price: { type: 'number' } }
    assert.equal((await ask('root', 'POST', '', { name, shards: 2, fields })).status, 201)
    if (documents.length === 0) return
    const lines = documents.map(document => JSON.stringify(document)).join('\n')
    const path = `/${name}/documents?wait_for=searchable`
    assert.equal((await ask('root', 'PUT', path, lines, 'application/x-ndjson')).json.accepted, documents.length)
  }

  /** The same question of both indexes, and what came of it. */
  async function askBoth(
    { shared, alone }: { readonly shared: string; readonly alone: string },
    question: (index: string) => Promise<Answer>,
  ): Promise<Answer> {
    const [ofShared, ofAlone] = [await question(shared), await question(alone)]
    assert.deepEqual(plain(ofShared, shared), plain(ofAlone, alone))
    return ofShared
  }

  it('is answered as if there were no other tenants', async () => {
    const property = fc.asyncProperty(
      collections,
      fc.array(searches, { minLength: 8, maxLength: 8 }),
      async (all, asked) => {
        const names = { shared: `shared-${++cases}`, alone: `alone-${cases}` }
        const own = all.filter(({ tenant }) => tenant === 'ada')
        await makeIndex(names.shared, all)
        await makeIndex(names.alone, own)
        const answers: Answer[] = []
        for (const search of asked) {
          answers.push(...(await pagesOf(names, search)))
          const { filter, min_coverage } = search
          const count = { ...(filter && { filter }), ...(min_coverage !== undefined && { min_coverage }) }
          answers.push(await askBoth(names, index => ask('ada', 'POST', `/${index}/documents/count`, count)))
          const list = { ...(filter && { filter }), limit: 1_000, with: ['text', 'fields'] }
          answers.push(await askBoth(names, index => listOf(index, list)))
        }
        const like = { like: { id: all[0]!.id }, plan: 'exact', k: 5 }
        // One who may see all has it kept for him.
        await ask('root', 'POST', `/${names.shared}/search`, { ...like, filter: { field: 'tenant', equals: 'ada' } })
        const found = await askBoth(names, index => ask('ada', 'POST', `/${index}/search`, like))
        assert.equal(found.status, all[0]!.tenant === 'ada' ? 200 : 404)
        const batch = { searches: [...asked, like] }
        const batched = await askBoth(names, index => ask('ada', 'POST', `/${index}/search/batch`, batch))
        answers.push(found, batched)
        assert.equal(batched.json.outcomes.length, asked.length + 1)
        for (const { id } of all) {
          const { query = 'stars', like, filter } = asked[0] as { query?: string; like?: object; filter?: object }
          const body = { ...(like === undefined ? { query } : { like }), ...(filter && { filter }) }
          answers.push(await askBoth(names, index => ask('ada', 'POST', `/${index}/documents/${id}/explain`, body)))
        }
        for (const { id } of all)
          answers.push(await askBoth(names, index => ask('ada', 'GET', `/${index}/documents/${id}`)))
        const others = all.filter(({ tenant }) => tenant !== 'ada').map(({ id }) => id)
        if (others.length > 0) {
          answers.push(await askBoth(names, index => ask('ada', 'POST', `/${index}/documents/delete`, { ids: others })))
        }
        for (const path of ['', '/aside', '/generations', '/snapshots', '/generations/1']) {
          answers.push(await askBoth(names, index => ask('ada', 'GET', `/${index}${path}`)))
        }
        const text = JSON.stringify(answers.map(({ json }) => json))
        // The tenant's own questions name ids of others, as one who guesses would.
        const told = text
          .replaceAll(/document `[^`]*`|index `[^`]*`/g, '')
          .match(/title mark(bob|cyd)\d+|"tenant":"(bob|cyd)"/)
        assert.equal(told, null)
        for (const { id, tenant } of all) {
          if (tenant === 'ada') continue
          assert.equal((await ask('root', 'GET', `/${names.shared}/documents/${id}`)).json.fields.tenant, tenant)
        }
      },
    )
    await fc.assert(property, { numRuns: casesOf({ usual: 2, thorough: 6 }), endOnFailure: true })
  })

  /** The order is that of the stored files, which other tenants' documents are in too. */
  async function listOf(index: string, body: object): Promise<Answer> {
    const answer = await ask('ada', 'POST', `/${index}/documents/list`, body)
    answer.json.documents?.sort((one: { id: string }, other: { id: string }) => (one.id < other.id ? -1 : 1))
    return answer
  }

  /** A search with all its pages. */
  async function pagesOf(names: { shared: string; alone: string }, search: object): Promise<Answer[]> {
    const cursors = new Map<string, string>()
    const answers: Answer[] = []
    for (let page = 0; page < 30; page++) {
      const answer = await askBoth(names, async index => {
        const cursor = cursors.get(index)
        const found = await ask('ada', 'POST', `/${index}/search`, { ...search, ...(cursor && { cursor }) })
        cursors.set(index, found.json.next_cursor ?? '')
        return found
      })
      answers.push(answer)
      if (!cursors.get(names.shared)) break
    }
    return answers
  }
})

/** Without what differs between any two indexes. */
function plain({ status, json }: Answer, index: string): unknown {
  const text = JSON.stringify(json, (name, value) => {
    if (ofItsOwn.includes(name)) return undefined
    return name === 'next_cursor' ? value !== null : value
  })
  return { status, json: text?.replaceAll(index, 'the index') }
}
