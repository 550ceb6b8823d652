import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { SearchRequest, SearchServiceClient } from '@hypershard/proto/search'
import { post, put, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'

const fields = {
  kind: { type: 'keyword' },
  tags: { type: 'keyword', list: true },
  size: { type: 'number' },
  open: { type: 'boolean' },
  on: { type: 'date' },
}

const documents = [
  { id: 'a', vector: [5], kind: 'x', tags: ['p', 'q'], size: 3, open: true, on: '2026-11-25' },
  { id: 'b', vector: [4], kind: 'y', tags: ['q', 'q'], size: 3, open: false, on: '2026-11-25T01:00:00+01:00' },
  { id: 'c', vector: [3], kind: 'x', tags: [], size: 1, open: true },
  { id: 'd', vector: [2], kind: 'z', tags: ['q'] },
  { id: 'e', vector: [1], size: 2 },
]
/** Too long for a double. */
const long = '{"id":"f","vector":[0],"kind":"x","size":9007199254740993}'

describe('what is made of the hits of a search', () => {
  let coordinator: TestCoordinator
  let index: string

  before(async () => {
    coordinator = await startTestCoordinator()
    index = `${coordinator.url}/v1/indexes/own`
    const body = { name: 'own', model: 'external', vectors: { width: 1 }, shards: 3, fields }
    assert.equal((await post(`${coordinator.url}/v1/indexes`, body)).status, 201)
    const lines = [...documents, { id: 'gone', vector: [9], kind: 'w' }].map(document => JSON.stringify(document))
    assert.equal((await put(`${index}/documents`, [...lines, long].join('\n'))).json.accepted, 7)
    assert.equal((await put(`${index}/documents`, [{ id: 'gone', _op: 'delete' }])).json.accepted, 1)
  })

  after(() => coordinator?.stop())

  const search = (body: object) => post(`${index}/search`, { vector: [1], ids_only: true, ...body })

  async function searchOverGrpc(fields: object) {
    const client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    try {
      const vector = Buffer.from(Float32Array.of(1).buffer)
      const asked = SearchRequest.fromPartial({ index: 'own', vector, idsOnly: true, ...fields })
      return await callUnary(client.search.bind(client), asked, Deadline.after(60_000), 'coordinator')
    } finally {
      client.close()
    }
  }

  describe('facets', () => {
    it('count all documents but those that are deleted, however few are hits', async () => {
      const facets = ['kind', 'tags', 'size', 'open', 'on'].map(field => ({ field, limit: 2 }))
      const { json } = await search({ k: 1, facets })
      assert.equal(json.hits.length, 1)
      assert.deepEqual(json.facets, [
        {
          field: 'kind',
          values: [
            { value: 'x', count: 3 },
            { value: 'y', count: 1 },
          ],
          distinct: 3,
        },
        {
          field: 'tags',
          values: [
            { value: 'q', count: 3 },
            { value: 'p', count: 1 },
          ],
          distinct: 2,
        },
        {
          field: 'size',
          values: [
            { value: 3, count: 2 },
            { value: 1, count: 1 },
          ],
          distinct: 4,
        },
        {
          field: 'open',
          values: [
            { value: true, count: 2 },
            { value: false, count: 1 },
          ],
          distinct: 2,
        },
        { field: 'on', values: [{ value: '2026-11-25T00:00:00.000Z', count: 2 }], distinct: 1 },
      ])
    })

    it('count what passes the filter, on every page alike, and nothing where nobody asks', async () => {
      const filter = { field: 'kind', in: ['x', 'y'] }
      const facets = [{ field: 'kind' }]
      const first = (await search({ k: 2, filter, facets })).json
      const second = (await search({ k: 2, filter, facets, cursor: first.next_cursor })).json
      const values = [
        { value: 'x', count: 3 },
        { value: 'y', count: 1 },
      ]
      assert.deepEqual([first.facets[0].values, second.facets[0].values], [values, values])
      assert.equal('facets' in (await search({})).json, false)
    })

    it('keep every digit of an integer', async () => {
      const filter = { field: 'size', gt: 100 }
      const response = await fetch(`${index}/search`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ vector: [1], filter, facets: [{ field: 'size' }] }),
      })
      assert.match(await response.text(), /"values":\[\{"value":9007199254740993,"count":1\}\]/)
      const { facets } = await searchOverGrpc({ filter, facets: [{ field: 'size' }] })
      assert.deepEqual(facets[0]!.values[0]!.value!.kind, { $case: 'integer', value: '9007199254740993' })
    })

    it('are the same over gRPC', async () => {
      const { facets } = await searchOverGrpc({ facets: [{ field: 'open', limit: 1 }, { field: 'kind' }] })
      const values = [{ value: { kind: { $case: 'boolean', value: true } }, count: 2 }]
      assert.deepEqual(facets[0], { field: 'open', values, distinct: 2 })
      assert.deepEqual(
        facets[1]!.values.map(({ value, count }) => [value!.kind!.value, count]),
        [
          ['x', 3],
          ['y', 1],
          ['z', 1],
        ],
      )
    })

    it('are of the shards that answered', async () => {
      for (const server of coordinator.servers) server.failingShards.add(0)
      try {
        const body = { facets: [{ field: 'kind' }], cache: false }
        const refused = (await search(body)).json
        assert.equal(refused.code, 'insufficient_coverage')
        // All that the other shards have: with less, one that is late for any reason would be given up.
        const { ratio } = refused.details.coverage
        assert.ok(ratio > 0 && ratio < 1, `${ratio}`)
        const { json } = await search({ ...body, min_coverage: ratio })
        assert.equal(json.coverage.ratio, ratio)
        const counted = json.facets[0].values.reduce((sum: number, { count }: { count: number }) => sum + count, 0)
        assert.equal(counted, json.hits.filter(({ id }: { id: string }) => id !== 'e').length)
        assert.ok(json.coverage.missing.length > 0)
      } finally {
        for (const server of coordinator.servers) server.failingShards.clear()
      }
    })

    const refused: readonly [object[], RegExp][] = [
      [[{ field: 'colour' }], /^body\.facets\.0\.field: the index has no field "colour"; its fields are kind/],
      [[{ field: 'kind', limit: 0 }], /facets\.0\.limit/],
      [[{ field: 'kind', limit: 1_001 }], /facets\.0\.limit/],
      [[{ field: 'kind', top: 3 }], /facets\.0/],
      [[], /facets/],
      [Array.from({ length: 9 }, () => ({ field: 'kind' })), /facets/],
    ]
    for (const [facets, detail] of refused) {
      it(`are refused: ${JSON.stringify(facets)}`, async () => {
        const { status, json } = await search({ facets })
        assert.deepEqual([status, json.code], [400, 'invalid_request'])
        assert.match(json.detail, detail)
      })
    }
  })

  describe('groups', () => {
    const of = (groups: { value: unknown; hits: { id: string }[] }[]) =>
      groups.map(({ value, hits }) => [value, hits.map(({ id }) => id)])

    it('have the best documents of each value, a document in the group of each that it has, and in one where it has none', async () => {
      const { json } = await search({ group_by: { field: 'tags', hits: 2 } })
      assert.deepEqual(of(json.groups), [
        ['p', ['a']],
        ['q', ['a', 'b']],
        [null, ['c', 'e']],
      ])
      assert.deepEqual([json.hits, json.plan, json.next_cursor, json.coverage.ratio], [[], 'exact', null, 1])
    })

    it('come with texts and fields, and facets beside them', async () => {
      const body = {
        group_by: { field: 'size', groups: 2, hits: 2 },
        facets: [{ field: 'size', limit: 1 }],
        ids_only: false,
      }
      const { json } = await search({ ...body, filter: { field: 'kind', in: ['x', 'y'] } })
      assert.deepEqual(of(json.groups), [
        [3, ['a', 'b']],
        [1, ['c']],
      ])
      assert.deepEqual([json.groups[0].hits[1].fields.kind, json.facets[0].distinct], ['y', 3])
    })

    it('are paged by a cursor that belongs to them', async () => {
      const groupBy = { field: 'size', groups: 2 }
      const seen: unknown[] = []
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const { json } = await search({ group_by: groupBy, ...(cursor !== undefined && { cursor }) })
        seen.push(...of(json.groups))
        cursor = json.next_cursor
      }
      assert.deepEqual(seen, [
        [3, ['a']],
        [1, ['c']],
        [null, ['d']],
        [2, ['e']],
        [9007199254740992, ['f']],
      ])
      const { next_cursor: cursor } = (await search({ group_by: groupBy })).json
      assert.equal((await search({ cursor })).json.code, 'invalid_cursor')
      assert.equal((await search({ cursor, group_by: { field: 'kind' } })).json.code, 'invalid_cursor')
      const { next_cursor: ofHits } = (await search({ k: 1, plan: 'exact' })).json
      assert.equal((await search({ cursor: ofHits, group_by: groupBy })).json.code, 'invalid_cursor')
    })

    it('are the same over gRPC', async () => {
      const { groups, hits, plan } = await searchOverGrpc({ groupBy: { field: 'open', hits: 1 } })
      assert.deepEqual([hits, plan], [[], 'exact'])
      assert.deepEqual(
        groups.map(({ value, hits }) => [value?.kind?.value, hits[0]!.id]),
        [
          [true, 'a'],
          [false, 'b'],
          [undefined, 'd'],
        ],
      )
    })

    const refused: readonly [object, RegExp][] = [
      [
        { group_by: { field: 'colour' } },
        /^body\.group_by\.field: the index has no field "colour"; its fields are kind/,
      ],
      [{ group_by: { field: 'kind', groups: 10_000 } }, /group_by\.groups/],
      [
        { group_by: { field: 'kind', groups: 101, hits: 10 } },
        /group_by: asks for more than 1000 hits, groups times hits/,
      ],
      [{ group_by: { field: 'kind' }, k: 3 }, /k: with group_by a page is of groups/],
      [{ group_by: { field: 'kind' }, plan: 'tangent' }, /plan: group_by has every document scored/],
      [{ group_by: { field: 'kind' }, recall: 0.9 }, /recall: group_by has every document scored/],
    ]
    for (const [body, detail] of refused) {
      it(`are refused: ${JSON.stringify(body)}`, async () => {
        const { status, json } = await search(body)
        assert.deepEqual([status, json.code], [400, 'invalid_request'])
        assert.match(json.detail, detail)
      })
    }
  })

  describe('sorting', () => {
    const pagesOf = async (body: object) => {
      const seen: string[][] = []
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const { json } = await search({ ...body, ...(cursor !== undefined && { cursor }) })
        assert.deepEqual([json.plan, json.coverage.ratio], ['exact', 1])
        seen.push(json.hits.map(({ id }: { id: string }) => id))
        cursor = json.next_cursor
      }
      return seen
    }

    it('is by fields, then by score and id, over all pages, without a value last', async () => {
      assert.deepEqual(await pagesOf({ sort: [{ field: 'size' }], k: 4 }), [
        ['c', 'e', 'a', 'b'],
        ['f', 'd'],
      ])
      assert.deepEqual(await pagesOf({ sort: [{ field: 'size', order: 'desc' }], k: 2 }), [
        ['f', 'a'],
        ['b', 'e'],
        ['c', 'd'],
      ])
      const sort = [{ field: 'kind', order: 'desc' }, { field: 'on' }]
      assert.deepEqual(
        await pagesOf({ sort, k: 1 }),
        ['d', 'b', 'a', 'c', 'f', 'e'].map(id => [id]),
      )
    })

    it('gives scores, texts and fields, and is the same over gRPC', async () => {
      const { hits } = (await search({ sort: [{ field: 'size' }], k: 1, ids_only: false })).json
      assert.deepEqual([hits[0].id, hits[0].score, hits[0].fields.kind], ['c', 3, 'x'])
      const found = await searchOverGrpc({ sort: [{ field: 'size', order: 'desc' }, { field: 'kind' }], k: 3 })
      assert.deepEqual(
        found.hits.map(({ id }) => id),
        ['f', 'a', 'b'],
      )
    })

    it('has cursors of its own', async () => {
      const { next_cursor: cursor } = (await search({ sort: [{ field: 'size' }], k: 1 })).json
      for (const body of [
        { plan: 'exact' },
        { sort: [{ field: 'size', order: 'desc' }] },
        { sort: [{ field: 'kind' }] },
      ]) {
        assert.equal((await search({ ...body, cursor })).json.code, 'invalid_cursor')
      }
    })

    const refused: readonly [object, RegExp][] = [
      [{ sort: [{ field: 'kind' }, { field: 'colour' }] }, /^body\.sort\.1\.field: the index has no field "colour"/],
      [{ sort: [] }, /sort/],
      [{ sort: Array.from({ length: 5 }, () => ({ field: 'kind' })) }, /sort/],
      [{ sort: [{ field: 'kind', order: 'up' }] }, /sort\.0\.order/],
      [{ sort: [{ field: 'kind' }], group_by: { field: 'kind' } }, /sort: groups come in the order of their best hits/],
      [{ sort: [{ field: 'kind' }], plan: 'auto' }, /plan: sort has every document scored/],
    ]
    for (const [body, detail] of refused) {
      it(`is refused: ${JSON.stringify(body)}`, async () => {
        const { status, json } = await search(body)
        assert.deepEqual([status, json.code], [400, 'invalid_request'])
        assert.match(json.detail, detail)
      })
    }
  })
})
