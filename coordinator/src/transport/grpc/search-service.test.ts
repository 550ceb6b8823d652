import assert from 'node:assert/strict'
import { Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { Deadline, type HypershardError } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import {
  type Document,
  PutDocumentsRequest,
  type PutDocumentsResponse,
  SearchRequest,
  SearchServiceClient,
} from '@hypershard/proto/search'
import { post, request, startTestCoordinator, type TestCoordinator } from '../../testing/test-coordinator.ts'

const soon = () => Deadline.after(60_000)
const document = (id: string, text: string, fields?: object): Document => ({
  id,
  vectorPrecision: '',
  title: '',
  text,
  fields,
  ifVersion: undefined,
  fieldsJson: '',
})

describe('the gRPC twin', () => {
  let coordinator: TestCoordinator
  let client: SearchServiceClient

  beforeEach(async () => {
    coordinator = await startTestCoordinator()
    client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    const request = { name: 'papers', model: '', shards: 3, fields: {}, passages: undefined }
    await callUnary(client.createIndex.bind(client), request, soon(), 'coordinator')
  })

  afterEach(async () => {
    client.close()
    await coordinator.stop()
  })

  function put(messages: readonly Partial<PutDocumentsRequest>[]): Promise<PutDocumentsResponse> {
    return new Promise((resolve, reject) => {
      const call = client.putDocuments(new Metadata(), { deadline: soon().toDate() }, (error, response) =>
        error ? reject(error) : resolve(response),
      )
      for (const message of messages)
        call.write(PutDocumentsRequest.fromPartial({ waitForSearchable: true, ...message }))
      call.end()
    })
  }

  function search(fields: Partial<SearchRequest>) {
    const request = SearchRequest.fromPartial({ index: 'papers', ...fields })
    return callUnary(client.search.bind(client), request, soon(), 'coordinator')
  }

  it('tells what the model cannot read of documents and of a query', async () => {
    const written = await put([
      { index: 'papers', documents: [document('zh', '婚礼'), document('en', 'stars 菜单 x')] },
    ])
    assert.equal(written.documentsUnreadable, 1)
    assert.deepEqual(written.unreadable, [{ id: 'zh', tokens: 1, unknownTokens: 1 }])
    const { index } = await callUnary(client.getIndex.bind(client), { name: 'papers' }, soon(), 'coordinator')
    assert.deepEqual([index!.documentsUnreadable, index!.unknownTokenShare], [1, 0.5])
    const { queryTokens, queryUnknownTokens } = await search({ query: 'stars 婚礼' })
    assert.deepEqual([queryTokens, queryUnknownTokens], [2, 1])
  })

  it('deletes an index that has aliases with them alone', async () => {
    await post(`${coordinator.url}/v1/aliases`, { actions: [{ add: { alias: 'live', index: 'papers' } }] })
    const remove = (withAliases: boolean) =>
      callUnary(client.deleteIndex.bind(client), { name: 'papers', withAliases }, soon(), 'coordinator')
    await assert.rejects(remove(false), { code: 'index_in_use', message: /`live` stands for/ })
    await remove(true)
    assert.deepEqual((await request(`${coordinator.url}/v1/aliases`)).json.aliases, [])
  })

  it('takes fields as JSON text, gives back what a Struct would round, and refuses what JSON cannot say', async () => {
    const fieldsJson = '{"n":9007199254740993,"far":1e400,"plain":null}'
    const { accepted, errors } = await put([
      {
        index: 'papers',
        documents: [
          { ...document('a', 'stars'), fieldsJson },
          { ...document('b', 'stars', { n: 1.5, none: null }), title: '' },
          document('c', 'stars', { list: [{ x: Number.NaN }] }),
          { ...document('d', 'stars', {}), fieldsJson },
          { ...document('e', 'stars'), fieldsJson: '{"n":1,"n":2}' },
          { ...document('f', 'stars'), fieldsJson: '[1]' },
        ],
      },
    ])
    assert.deepEqual(
      errors.map(({ line, id, message }) => [line, id, message]),
      [
        [3, 'c', 'list.0.x: NaN or infinite; leave it out, or send a string'],
        [4, 'd', 'fields and fields_json are both given; leave one out'],
        [5, 'e', 'fields_json: n is given twice in one object; leave one out'],
        [6, 'f', 'fields_json: not a JSON object'],
      ],
    )
    assert.equal(accepted, 2)
    const { hits } = await search({ query: 'stars' })
    assert.deepEqual(
      hits.map(({ id, fields, fieldsJson: text }) => [id, fields, text]),
      [
        ['a', { n: 2 ** 53, far: '1e400', plain: null }, fieldsJson],
        ['b', { n: 1.5, none: null }, ''],
      ],
    )
  })

  it('creates, describes, lists and deletes indexes', async () => {
    const { index } = await callUnary(client.getIndex.bind(client), { name: 'papers' }, soon(), 'coordinator')
    const { name, modelName, shards, replicas, documents, manifestVersion } = index!
    assert.deepEqual([name, modelName, shards, replicas, documents, manifestVersion], ['papers', 'words', 3, 1, 0, 0])
    await callUnary(client.deleteIndex.bind(client), { name: 'papers', withAliases: false }, soon(), 'coordinator')
    const { indexes } = await callUnary(client.listIndexes.bind(client), {}, soon(), 'coordinator')
    assert.deepEqual(indexes, [])
    assert.equal(coordinator.servers[0]!.released.length, 1)
  })

  it('puts the documents of all messages together, and finds them', async () => {
    const report = await put([
      {
        index: 'papers',
        documents: [document('a', 'stars twinkle', { year: 1969, tags: ['x'] }), document('', 'none')],
      },
      { index: '', documents: [document('b', 'moon'), document('a', 'stars stars', { year: 1970 })] },
    ])
    assert.deepEqual([report.received, report.accepted, report.sequence, report.failed], [4, 3, 1, 1])
    assert.deepEqual(
      [report.errors[0]!.line, report.errors[0]!.code, report.manifestVersion],
      [2, 'invalid_request', 1],
    )

    const first = await search({ query: 'stars', k: 1, profile: true })
    assert.deepEqual([first.hits[0]!.id, first.hits[0]!.score, first.hits[0]!.fields], ['a', 2, { year: 1970 }])
    assert.deepEqual([first.coverage!.documentsEligible, first.coverage!.ratio, first.plan], [2, 1, 'auto'])
    assert.equal(first.profile!.qnetBytes, 64)
    const second = await search({ query: 'stars', k: 1, cursor: first.nextCursor })
    assert.deepEqual([second.hits.map(({ id }) => id), second.nextCursor], [['b'], ''])
  })

  it('reports a document over 1 MiB, and none harms another', async () => {
    const big = document('big', '\u0001'.repeat(3 * 1024 * 1024))
    const report = await put([{ index: 'papers', documents: [big, document('a', 'stars')] }])
    assert.deepEqual([report.accepted, report.failed], [1, 1])
    assert.deepEqual([report.errors[0]!.id, report.errors[0]!.code], ['big', 'request_too_large'])
  })

  const bad: { why: string; fields: Partial<SearchRequest>; code: string }[] = [
    { why: 'an empty query', fields: { query: '' }, code: 'invalid_request' },
    { why: 'k = 0', fields: { query: 'x', k: 0 }, code: 'invalid_request' },
    { why: 'min_coverage = -1', fields: { query: 'x', minCoverage: -1 }, code: 'invalid_request' },
    { why: 'another precision', fields: { query: 'x', precision: 'fp8' }, code: 'invalid_request' },
    { why: 'a bad cursor', fields: { query: 'x', cursor: 'x' }, code: 'invalid_cursor' },
    { why: 'an unknown index', fields: { query: 'x', index: 'nope' }, code: 'index_not_found' },
  ]
  for (const { why, fields, code } of bad) {
    it(`refuses ${why} by ${code}`, async () => {
      await assert.rejects(search(fields), (error: HypershardError) => error.code === code)
    })
  }

  it('reads no request that is larger than its HTTP twin may be, and goes on', async () => {
    const filterJson = `{"must":[${'1,'.repeat(600_000)}1]}`
    await assert.rejects(search({ query: 'x', filterJson }), (error: HypershardError) => {
      assert.deepEqual([error.code, /at most 1048576/.test(error.message)], ['request_too_large', true])
      return true
    })
    assert.deepEqual((await search({ query: 'x' })).hits, [])
  })

  it('takes no message of documents beyond 4 MiB, and goes on', async () => {
    const half = document('half', 'x'.repeat(3 * 1024 * 1024))
    await assert.rejects(put([{ index: 'papers', documents: [half, half] }]), { code: status.RESOURCE_EXHAUSTED })
    const report = await put([{ index: 'papers', documents: [half, document('a', 'stars')] }])
    assert.deepEqual([report.accepted, report.failed], [1, 1])
  })

  it('parses no fields that are longer than a document may be', async () => {
    const long = { ...document('long', 'stars'), fieldsJson: `${' '.repeat(1024 * 1024)}{}` }
    const { errors } = await put([{ index: 'papers', documents: [long, document('a', 'stars')] }])
    assert.deepEqual(
      errors.map(({ id, code }) => [id, code]),
      [['long', 'request_too_large']],
    )
  })

  it('refuses a stream that names no index, or two', async () => {
    for (const messages of [
      [],
      [{ index: '', documents: [document('a', 'x')] }],
      [
        { index: 'papers', documents: [] },
        { index: 'other', documents: [document('a', 'x')] },
      ],
    ]) {
      await assert.rejects(put(messages), (error: ServiceError) => error.code === status.INVALID_ARGUMENT)
    }
  })

  it('tells the missing shards in the details of insufficient coverage', async () => {
    await put([{ index: 'papers', documents: [document('a', 'stars')] }])
    for (const server of coordinator.servers) server.down = true
    await assert.rejects(search({ query: 'stars' }), (error: HypershardError) => {
      assert.equal(error.code, 'insufficient_coverage')
      const { missing } = error.details.coverage as { missing: { code: string; documents_missing: number }[] }
      assert.deepEqual(
        missing.map(({ code, documents_missing }) => [code, documents_missing]),
        [['unavailable', 1]],
      )
      return true
    })
  })
})
