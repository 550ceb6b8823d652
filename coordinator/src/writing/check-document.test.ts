import assert from 'node:assert/strict'
import { checkLines, checkOperation, lineBytesMax } from './check-document.ts'
import type { ReceivedOperation } from './operation.ts'

async function check(bytes: Buffer | string | undefined): Promise<ReceivedOperation | undefined> {
  async function* one() {
    yield { line: 7, bytes: typeof bytes === 'string' ? Buffer.from(bytes) : bytes }
  }
  for await (const received of checkLines(one())) return received
  return undefined
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

  it('takes deletions and conditions', async () => {
    assert.deepEqual(await check('{"id":"a","_op":"delete","_if_version":3}'), {
      ...{ line: 7, operation: { type: 'delete', id: 'a' }, ifVersion: 3 },
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
    { line: '{"id":null,"text":"t"}', says: /id: must be a string, this is null/ },
    { line: '{"id":"","text":"t"}', says: /0 bytes/ },
    { line: `{"id":"${'é'.repeat(257)}","text":"t"}`, says: /514 bytes/ },
    { line: '{"id":"\\ud800","text":"t"}', says: /id: has half of a surrogate pair/ },
    { line: '{"id":"a","text":"\\udc00"}', says: /text: has half/, id: 'a' },
    { line: '{"id":"a","title":"\\ud83d","text":"t"}', says: /title: has half/, id: 'a' },
    { line: '{"id":"a","text":5}', says: /text: must be a string/, id: 'a' },
    { line: '{"id":"a","title":["t"],"text":"t"}', says: /title: must be a string/, id: 'a' },
    { line: '{"id":"a"}', says: /both empty/, id: 'a' },
    { line: '{"id":"a","text":"t","_op":"update"}', says: /_op: must be "put" or "delete"/, id: 'a' },
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
      assert.ok('operation' in checkOperation(document(lineBytesMax)))
      const checked = checkOperation(document(lineBytesMax + 1))
      assert.ok('problem' in checked)
      assert.deepEqual([checked.problem.id, checked.problem.code], ['a', 'request_too_large'])
    })
  }
})
