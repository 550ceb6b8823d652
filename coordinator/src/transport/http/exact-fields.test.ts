import assert from 'node:assert/strict'
import { post, put, request, startTestCoordinator, type TestCoordinator } from '../../testing/test-coordinator.ts'

describe('fields of documents over HTTP', () => {
  let coordinator: TestCoordinator
  let index: string
  let documents: string

  before(async () => {
    coordinator = await startTestCoordinator()
  })
  after(() => coordinator.stop())

  beforeEach(async () => {
    index = `${coordinator.url}/v1/indexes/papers`
    documents = `${index}/documents?wait_for=durable`
    const fields = {
      n: { type: 'number' },
      many: { type: 'number', list: true },
      'meta.year': { type: 'number' },
      'authors.name': { type: 'keyword', list: true },
    }
    assert.equal((await post(`${coordinator.url}/v1/indexes`, { name: 'papers', fields })).status, 201)
  })
  afterEach(() => request(index, { method: 'DELETE' }))

  const putLine = async (line: string) => (await put(documents, line)).json
  const text = async (url: string, init?: RequestInit) => (await fetch(url, init)).text()

  it('come back as they were sent, number by number', async () => {
    const sent =
      '{"a":9007199254740993,"b":[1.10,-0,1e400,{"c":-1E-999,"d":123456789012345678901234567890}],"e":"\\u0001 1.10",' +
      '"f":0.1,"__proto__":{"g":2.50},"h":"\\ud800","i":null}'
    assert.equal((await putLine(`{"id":"a","text":"stars",${sent.slice(1)}`)).accepted, 1)
    assert.ok((await text(`${index}/documents/a`)).includes(`"fields":${sent}`))
    await put(`${index}/documents`, `{"id":"b","text":"moon",${sent.slice(1)}`)
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"moon","k":1}' }
    assert.ok((await text(`${index}/search`, init)).includes(`"fields":${sent}`))
  })

  const refused: [fields: string, says: RegExp][] = [
    ['"n":1e400', /^n: 1e400 is beyond what a number can be/],
    ['"n":1e-400', /^n: 1e-400 is nearer to 0/],
    ['"n":9223372036854775808', /^n: 9223372036854775808 is beyond the integers that are kept exactly/],
    ['"n":-9223372036854775809', /^n: -9223372036854775809 is beyond/],
    ['"n":100000000000000000000', /^n: 100000000000000000000 is beyond/],
    ['"many":[1,1e400]', /^many: 1e400 is beyond .*\(many\.1\)$/],
    ['"meta":{"year":1e999}', /^meta\.year: 1e999 is beyond/],
    ['"meta":{"year":"2001"}', /^meta\.year: must be a number/],
    ['"meta.year":"2001"', /^meta\.year: must be a number/],
    ['"authors":[{"name":"a"},{"name":5}]', /^authors\.name: must be a string \(authors\.name\.1\)$/],
    ['"n":1,"n":2', /^n: given twice/],
    ['"text":"other"', /^text: given twice/],
    ['"x":{"y":[{"z":1,"z":2}]}', /^x\.y\.0\.z: given twice/],
  ]
  for (const [fields, says] of refused) {
    it(`are refused with their line and place: ${fields}`, async () => {
      const { accepted, errors } = await putLine(`{"id":"ok","text":"t"}\n{"id":"a","text":"t",${fields}}`)
      assert.deepEqual([accepted, errors[0].line, errors[0].id, errors[0].code], [1, 2, 'a', 'invalid_request'])
      assert.match(errors[0].message, says)
    })
  }

  const taken = [
    ...[
      '"n":9223372036854775807',
      '"n":-9223372036854775808',
      '"n":1e300',
      '"n":9.007199254740993e15',
      '"many":[-0,1.10]',
    ],
    ...['"meta":{"year":2001}', '"meta.year":2001', '"meta":"none"', '"meta":{"year":null}', '"meta":null'],
    ...['"authors":[{"name":"a"},{"name":"b"},{}]', '"authors":{"name":"a"}', '"authors":[]'],
  ]
  it('are taken within their bounds, and by path', async () => {
    for (const fields of taken) {
      const { accepted, errors } = await putLine(`{"id":"a","text":"t",${fields}}`)
      assert.deepEqual([accepted, errors], [1, []], fields)
    }
  })

  it('and all other optional keys may be null, as tables write a missing value', async () => {
    const lines = [
      '{"id":"a","title":null,"text":"stars","n":null,"many":null,"meta":null,"_op":null,"_if_version":null,"fields":null}',
      '{"_id":"b","id":null,"title":"stars","text":null}',
      '{"id":"c","_id":null,"text":"stars"}',
      '{"id":"d","_op":"delete","text":null,"title":null,"n":null}',
    ]
    const { accepted, errors } = await putLine(lines.join('\n'))
    assert.deepEqual([accepted, errors], [4, []])
    const { json } = await request(`${index}/documents/a`)
    assert.deepEqual([json.title, json.text], ['', 'stars'])
    const none = await putLine('{"id":"ok","text":"t"}\n{"id":"e","title":null,"text":null}\n{"id":null,"text":"t"}')
    assert.match(none.errors[0].message, /title and text are both empty/)
    assert.match(none.errors[1].message, /id: missing/)
  })
})

describe('null for an optional key of a request', () => {
  let coordinator: TestCoordinator
  before(async () => {
    coordinator = await startTestCoordinator()
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers', fields: { n: { type: 'number' } } })
  })
  after(() => coordinator.stop())

  it('counts as left out', async () => {
    const url = `${coordinator.url}/v1`
    const index = { model: null, shards: null, replicas: null, fields: { n: { type: 'number', list: null } } }
    const created = await post(`${url}/indexes`, { name: 'other', ...index })
    assert.deepEqual([created.status, created.json.shards, created.json.fields.n.list], [201, 2, false])
    assert.equal((await post(`${url}/indexes`, { name: 'third', fields: null })).status, 201)
    const search = {
      k: null,
      cursor: null,
      min_coverage: null,
      timeout_ms: null,
      profile: null,
      ids_only: null,
      generation: null,
      min_sequence: null,
      plan: null,
      recall: null,
      candidates: null,
      expansion: null,
      filter: null,
      precision: null,
    }
    const found = await post(`${url}/indexes/papers/search`, { query: 'stars', ...search })
    assert.deepEqual([found.status, found.json.plan], [200, 'auto'])
    const alias = { add: { alias: 'live', index: 'papers', generation: null } }
    assert.equal((await post(`${url}/aliases`, { actions: [alias] })).status, 200)
    const reindex = { model: null, shards: null, documents_per_second_max: null, sample_queries: null }
    const build = await post(`${url}/indexes/papers/reindex`, reindex)
    assert.equal(build.status, 201)
    const clone = await post(`${url}/indexes/other/clone`, { name: 'copy', snapshot: null, replicas: null })
    assert.equal(clone.status, 201)
    const filter = { must: [{ field: 'n', equals: 1, in: null, gt: null }], should: null }
    assert.equal((await post(`${url}/indexes/papers/search`, { query: 'stars', filter })).status, 200)
  })

  it('keeps its meaning where it has one, and is refused for a required key and for an element', async () => {
    const url = `${coordinator.url}/v1/indexes`
    const order = { method: 'PATCH', headers: { 'content-type': 'application/json' } }
    const limits = '{"paused":null,"documents_per_second_max":null}'
    const answer = await request(`${url}/papers/generations/1`, { ...order, body: limits })
    assert.deepEqual([answer.status, answer.json.documents_per_second_max], [200, null])
    const nothing = await request(`${url}/papers/generations/1`, { ...order, body: '{"paused":null}' })
    assert.match(nothing.json.detail, /says nothing/)
    assert.match((await post(url, { name: null })).json.detail, /body.name/)
    assert.match((await post(`${url}/papers/documents/delete`, { ids: ['a', null] })).json.detail, /body.ids.1/)
  })

  for (const name of ['a b', 'meta..year', '.year', 'title', 'title.x', 'x'.repeat(65)]) {
    it(`says which names a field may have, of ${name.slice(0, 10)}`, async () => {
      const { status, json } = await post(`${coordinator.url}/v1/indexes`, {
        name: 'bad',
        fields: { [name]: { type: 'number' } },
      })
      assert.equal(status, 400)
      assert.match(json.detail, /a field is named by 1 to 64 of a-z A-Z 0-9 _ -, with dots/)
      assert.ok(json.detail.includes(`body.fields.${name}`))
    })
  }
})
