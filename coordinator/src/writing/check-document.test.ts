import assert from 'node:assert/strict'
import { documentBytesMax } from '@hypershard/proto/limits'
import type { Fields } from '@hypershard/storage'
import { checkLines, checkOperation } from './check-document.ts'
import type { ReceivedOperation } from './operation.ts'

async function check(bytes: Buffer | string | undefined): Promise<ReceivedOperation | undefined> {
  async function* one() {
    yield { line: 7, bytes: typeof bytes === 'string' ? Buffer.from(bytes) : bytes }
  }
  for await (const received of checkLines(one(), fields)) return received
  return undefined
}

const fields: Fields = {
  published: { type: 'number', list: false },
  tags: { type: 'keyword', list: true },
  open: { type: 'boolean', list: false },
  on: { type: 'date', list: false },
}

describe('checkLines', () => {
  const good = [
    { line: '{"id":"a","text":"t"}', document: { id: 'a', title: '', text: 't', fields: '{}' } },
    { line: '{"_id":"a","title":"t"}\r', document: { id: 'a', title: 't', text: '', fields: '{}' } },
    { line: '{"id":"a","text":"t","year":1969,"x":{"y":[null]}}', fields: '{"year":1969,"x":{"y":[null]}}' },
    { line: '{"id":"a","text":"t","__proto__":{"x":1}}', fields: '{"__proto__":{"x":1}}' },
    { line: `{"id":"${'é'.repeat(256)}","text":"t"}`, fields: '{}' },
  ]
  for (const { line, document, fields } of good) {
    it(`takes ${line.slice(0, 60)}`, async () => {
      const received = await check(line)
      assert.ok(received !== undefined && 'operation' in received && received.operation.type === 'put')
      if (document !== undefined) assert.deepEqual(received.operation.document, document)
      if (fields !== undefined) assert.equal(received.operation.document.fields, fields)
    })
  }

  const fieldCases = [
    ['{"published":1969.5,"tags":["a","b"],"open":false,"on":"1969-07-20"}'],
    ['{"tags":"a","on":"1969-07-20T20:17:40.5+02:00","open":null}'],
    ['{"tags":[]}'],
    ['{"published":"1969"}', 'published: must be a number'],
    ['{"published":[1]}', 'published: must be one number, this is an array'],
    ['{"tags":["a",1]}', 'tags: must be a string'],
    [`{"tags":["${'x'.repeat(513)}"]}`, 'tags: is 513 bytes, must be at most 512'],
    [`{"tags":${JSON.stringify(Array(1_001).fill('x'))}}`, 'tags: has 1001 values, must be at most 1000'],
    ['{"tags":["\\ud800"]}', 'tags: has half of a surrogate pair; send well-formed Unicode'],
    ['{"open":"yes"}', 'open: must be true or false'],
    ['{"on":"1969-02-30"}', 'on: must be a date'],
    ['{"on":"1969-07-20T20:17:40"}', 'on: must be a date'],
    ['{"on":-14182940}', 'on: must be a date'],
  ] as const
  for (const [values, says] of fieldCases) {
    it(`${says === undefined ? 'takes' : 'refuses'} the fields ${values.slice(0, 60)}`, async () => {
      const received = await check(`{"id":"a","text":"t",${values.slice(1)}`)
      if (says === undefined) assert.ok(received !== undefined && 'operation' in received)
      else assert.ok(received !== undefined && 'problem' in received && received.problem.message.startsWith(says))
    })
  }

  it('takes deletions and conditions', async () => {
    assert.deepEqual(await check('{"id":"a","_op":"delete","_if_version":3}'), {
      line: 7,
      operation: { type: 'delete', id: 'a' },
      ifVersion: 3,
    })
    const put = await check('{"id":"a","text":"t","_if_version":0}')
    assert.ok(put !== undefined && 'operation' in put && put.operation.type === 'put')
    assert.deepEqual([put.ifVersion, put.operation.document.fields], [0, '{}'])
  })

  const bad: { line: string | Buffer | undefined; says: RegExp; id?: string; code?: string }[] = [
    { line: '{"id":"a","text":', says: /not JSON/ },
    { line: Buffer.from([0x7b, 0xff, 0x7d]), says: /not UTF-8/ },
    { line: undefined, says: /longer than 1048576 bytes/, code: 'request_too_large' },
    { line: '[]', says: /an array/ },
    { line: 'null', says: /null/ },
    { line: '"x"', says: /a string/ },
    { line: '{"text":"t"}', says: /id: missing/ },
    { line: '{"id":"a","_id":"a","text":"t"}', says: /both id and _id/ },
    { line: '{"id":1,"text":"t"}', says: /id: must be a string, this is a number/ },
    { line: '{"id":null,"text":"t"}', says: /id: missing; give id or _id/ },
    { line: '{"id":"","text":"t"}', says: /0 bytes/ },
    { line: `{"id":"${'é'.repeat(257)}","text":"t"}`, says: /514 bytes/ },
    { line: '{"id":"\\ud800","text":"t"}', says: /id: has half of a surrogate pair/ },
    { line: '{"id":"a","text":"\\udc00"}', says: /text: has half/, id: 'a' },
    { line: '{"id":"a","title":"\\ud83d","text":"t"}', says: /title: has half/, id: 'a' },
    { line: '{"id":"a","text":5}', says: /text: must be a string/, id: 'a' },
    { line: '{"id":"a","title":["t"],"text":"t"}', says: /title: must be a string/, id: 'a' },
    { line: '{"id":"a"}', says: /both empty/, id: 'a' },
    { line: '{"id":"a","text":"t","_op":"update"}', says: /_op: must be "put", "patch" or "delete"/, id: 'a' },
    { line: '{"id":"a","_op":"delete","text":"t"}', says: /text: a deletion has an id and nothing else/, id: 'a' },
    { line: '{"id":"a","text":"t","_if_version":-1}', says: /_if_version: must be a whole number/, id: 'a' },
    { line: '{"id":"a","text":"t","_if_version":"1"}', says: /_if_version: must be a whole number/, id: 'a' },
    { line: '{"id":"a","text":" \\n","title":""}', says: /both empty/, id: 'a' },
    { line: `{"id":"a","text":"t","x":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, says: /nested deeper/, id: 'a' },
  ]
  for (const { line, says, id = null, code = 'invalid_request' } of bad) {
    it(`refuses with ${says}: ${String(line).slice(0, 50)}`, async () => {
      const received = await check(line)
      assert.ok(received !== undefined && 'problem' in received)
      assert.match(received.problem.message, says)
      assert.deepEqual([received.line, received.problem.id, received.problem.code], [7, id, code])
    })
  }

  for (const blank of ['', ' ', '\r', '\t \r']) {
    it(`leaves out the blank line ${JSON.stringify(blank)}`, async () => {
      assert.equal(await check(blank), undefined)
    })
  }
})

describe('checkOperation', () => {
  const sized = [
    { what: 'text', document: (bytes: number) => ({ id: 'a', text: 'x'.repeat(bytes - 3) }) },
    { what: 'title', document: (bytes: number) => ({ id: 'a', title: 'x'.repeat(bytes - 4), text: 't' }) },
    { what: 'a field', document: (bytes: number) => ({ id: 'a', text: 't', f: 'x'.repeat(bytes - 10) }) },
  ]
  for (const { what, document } of sized) {
    it(`takes a document of 1 MiB and none larger, by its ${what}`, () => {
      assert.ok('operation' in checkOperation(document(documentBytesMax), {}))
      const checked = checkOperation(document(documentBytesMax + 1), {})
      assert.ok('problem' in checked)
      assert.deepEqual([checked.problem.id, checked.problem.code], ['a', 'request_too_large'])
    })
  }
})

describe('the vector of a document', () => {
  const model = 'a'.repeat(64)
  const outside = { width: 2, model, external: true }
  const inside = { width: 2, model, external: false }
  const [half, f32] = [Float16Array.of(1, -2), Float32Array.of(1, -2)]
  const base64 = (values: Float16Array | Float32Array) => Buffer.from(values.buffer).toString('base64')

  const taken: readonly [string, typeof outside, unknown, Float32Array | Float16Array][] = [
    ['numbers', outside, [1, -2], f32],
    ['f32', outside, base64(f32), f32],
    ['f16, as it came', outside, base64(half), half],
    ['a vector of the model that stands for one', outside, { model, values: [1, -2] }, f32],
    ['a vector of the model', inside, { model, values: base64(half) }, half],
  ]
  for (const [what, rule, vector, values] of taken) {
    it(`is taken as ${what}`, () => {
      const checked = checkOperation({ id: 'a', text: 't', vector, more: 1 }, {}, rule)
      const document = { id: 'a', title: '', text: 't', fields: '{"more":1}', vector: { model, values } }
      assert.deepEqual(checked, { operation: { type: 'put', document }, ifVersion: undefined })
    })
  }

  it('needs no text beside it where nothing would read one', () => {
    assert.ok('operation' in checkOperation({ id: 'a', vector: [1, 2] }, {}, outside))
    const vector = { model, values: [1, 2] }
    assert.ok('problem' in checkOperation({ id: 'a', vector }, {}, inside), 'a reindex would have nothing to encode')
  })

  it('is a field where the index has a model and it does not say that it is of that one', () => {
    for (const [vector, fields] of [
      [[1, 2], {}],
      [{ model, values: [1, 2], more: 1 }, {}],
      [['x'], { vector: { type: 'keyword', list: true } }],
    ] as const) {
      const checked = checkOperation({ id: 'a', text: 't', vector }, fields, inside)
      assert.ok('operation' in checked && checked.operation.type === 'put')
      assert.equal(checked.operation.document.fields, JSON.stringify({ vector }))
    }
  })

  const refused: readonly [string, typeof outside, unknown, string, RegExp][] = [
    ['missing', outside, undefined, 'invalid_request', /^vector: missing; .* of 2 values$/],
    ['null', outside, null, 'invalid_request', /^vector: missing/],
    ['of another width', outside, [1], 'invalid_request', /^vector: it has 1 values, the index takes 2$/],
    ['half a base64', outside, 'AAAA=', 'invalid_request', /^vector: not base64$/],
    ['not finite', inside, { model, values: [1, 1e99] }, 'invalid_request', /^vector: value 1 is NaN, infinite/],
    [
      'of another model',
      inside,
      { model: 'b', values: [1, 2] },
      'model_mismatch',
      /^vector.model: must be .*this is "b"$/,
    ],
  ]
  for (const [what, rule, vector, code, message] of refused) {
    it(`is refused where it is ${what}, with the document's id`, () => {
      const checked = checkOperation({ id: 'a', text: 't', vector }, {}, rule)
      assert.ok('problem' in checked)
      assert.deepEqual([checked.problem.id, checked.problem.code], ['a', code])
      assert.match(checked.problem.message, message)
    })
  }
})
