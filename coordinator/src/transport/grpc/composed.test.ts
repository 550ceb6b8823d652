import assert from 'node:assert/strict'
import { type ServiceError, status } from '@grpc/grpc-js'
import { Deadline, type HypershardError } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { type Expression, SearchBatchRequest, SearchRequest, SearchServiceClient } from '@hypershard/proto/search'
import { post, put, startTestCoordinator, type TestCoordinator } from '../../testing/test-coordinator.ts'

const documents = [
  { id: 's', text: 'stars stars' },
  { id: 'm', text: 'moon' },
  { id: 'sm', text: 'stars moon' },
  { id: 't', text: 'tides' },
]
const soon = () => Deadline.after(60_000)

type Node = NonNullable<Expression['node']>

const nodeOf = (node: Node | undefined, weight?: number, vectorPrecision = ''): Expression => ({
  weight,
  node,
  vectorPrecision,
})
const textOf = (value: string) => nodeOf({ $case: 'text', value })
const of = ($case: 'any' | 'all', nodes: Expression[], weight?: number) =>
  nodeOf({ $case, value: { nodes } } as Node, weight)
const without = (value: Expression) => nodeOf({ $case: 'not', value })

describe('composed searches over gRPC', () => {
  let coordinator: TestCoordinator
  let client: SearchServiceClient
  let index: string

  before(async () => {
    coordinator = await startTestCoordinator()
    client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    index = `${coordinator.url}/v1/indexes/papers`
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers', shards: 2 })
    await put(`${index}/documents`, documents)
  })

  after(async () => {
    client.close()
    await coordinator.stop()
  })

  const search = (fields: Partial<SearchRequest>) =>
    callUnary(
      client.search.bind(client),
      SearchRequest.fromPartial({ index: 'papers', plan: 'exact', ...fields }),
      soon(),
      'coordinator',
    )

  const either = of('any', [textOf('stars'), of('all', [textOf('moon'), textOf('tides')], 2), without(textOf('bread'))])
  const asJson = { any: ['stars', { all: ['moon', 'tides'], weight: 2 }, { not: 'bread' }] }

  it('answer what their twins over HTTP do, alone and in a batch', async () => {
    const { json } = await post(`${index}/search`, { query: asJson, plan: 'exact' })
    const expected = json.hits.map(
      ({ id, leaf, leaf_scores: scores }: { id: string; leaf: number; leaf_scores: number[] }) => [id, leaf, scores],
    )
    const batch = SearchBatchRequest.fromPartial({ index: 'papers', searches: [{ expression: either, plan: 'exact' }] })
    const { outcomes } = await callUnary(client.searchBatch.bind(client), batch, soon(), 'coordinator')
    for (const answer of [await search({ expression: either }), outcomes[0]!.answer!]) {
      assert.deepEqual(answer.leaves, json.leaves)
      assert.deepEqual(
        answer.hits.map(({ id, leaf, leafScores }) => [id, leaf, leafScores]),
        expected,
      )
    }
    const { hits, leaves } = await search({ query: 'stars' })
    assert.deepEqual([hits[0]!.leaf, hits[0]!.leafScores, leaves], [undefined, [], []])
  })

  for (const { why, fields, message } of [
    {
      why: 'beside a query',
      fields: { query: 'stars', expression: either },
      message: /^query and expression are both given/,
    },
    {
      why: 'that says nothing',
      fields: { expression: nodeOf(undefined, 2) },
      message: /^query: says nothing/,
    },
    { why: 'with an empty any', fields: { expression: of('any', []) }, message: /^query\.any: is empty/ },
    {
      why: 'with a weight that is none',
      fields: { expression: of('any', [textOf('stars'), { ...textOf('moon'), weight: Number.NaN }]) },
      message: /^query\.any\[1\]\.weight: must be/,
    },
    {
      why: 'with a vector of a few bytes',
      fields: {
        expression: of('any', [textOf('stars'), nodeOf({ $case: 'vector', value: Buffer.of(1) })]),
      },
      message: /^query\.any\[1\]\.vector: /,
    },
    {
      why: 'with a vector of a precision that there is not',
      fields: {
        expression: of('any', [textOf('stars'), nodeOf({ $case: 'vector', value: Buffer.alloc(8) }, 1, 'f8')]),
      },
      message: /^query\.any\[1\]\.vector.*f32/,
    },
    {
      why: 'that is too deep',
      fields: {
        expression: Array.from({ length: 40 }).reduce<Expression>(node => of('any', [node]), textOf('stars')),
      },
      message: /deep, at most 4/,
    },
  ] satisfies { why: string; fields: Partial<SearchRequest>; message: RegExp }[]) {
    it(`are refused for one ${why}`, async () => {
      await assert.rejects(search(fields), (error: HypershardError) => {
        assert.deepEqual([error.code, message.test(error.message)], ['invalid_request', true], error.message)
        return true
      })
    })
  }

  it('are refused for one that is deeper than a stack is, and the next is answered', async () => {
    const deep = (levels: number) =>
      new Promise((resolve, reject) =>
        client.makeUnaryRequest(
          '/hypershard.v1.SearchService/Search',
          (bytes: Buffer) => bytes,
          (bytes: Buffer) => bytes,
          nested(levels),
          { deadline: soon().toDate() },
          (error, answer) => (error ? reject(error) : resolve(answer)),
        ),
      )
    await assert.rejects(deep(50_000), (error: ServiceError) => error.code !== status.UNAVAILABLE)
    assert.equal((await search({ query: 'stars' })).hits[0]!.id, 's')
  })
})

/** A search of an `any` within an `any`, so many deep, as bytes: no object of it fits a stack. */
function nested(levels: number): Buffer {
  const field = (number: number, length: number) => [(number << 3) | 2, ...varint(length)]
  const heads: number[][] = []
  let length = 0
  for (let level = 0; level < levels; level++) {
    for (const number of [1, 6]) {
      const head = field(number, length)
      heads.push(head)
      length += head.length
    }
  }
  return Buffer.from([
    ...field(1, 6),
    ...Buffer.from('papers'),
    ...expressionField(length),
    ...heads.toReversed().flat(),
  ])
}

function expressionField(length: number): number[] {
  return [...varint((41 << 3) | 2), ...varint(length)]
}

function varint(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest & 127) | 128)
  }
}
