import assert from 'node:assert/strict'
import { HypershardError } from '@hypershard/common'
import { parseJsonBody } from './parse-json-body.ts'

describe('parseJsonBody', () => {
  it('gives the value of good JSON and undefined for nothing', () => {
    assert.deepEqual(parseJsonBody(Buffer.from('{"k":1}')), { k: 1 })
    assert.equal(parseJsonBody(Buffer.alloc(0)), undefined)
  })

  const cases = [
    { text: '{"query": x}', position: 10 },
    { text: `{"query":${' '.repeat(500)}x${' '.repeat(500)}}`, position: 509 },
    { text: '{"k": nul}', position: 9 },
    { text: '{"k":NaN}', position: 5 },
    { text: '{"k":1', position: 6 },
    { text: '{"k"', position: 4 },
    { text: '[1,]', position: 3 },
    { text: '{"k":1,}', position: 7 },
    { text: '{"k":1} x', position: 8 },
    { text: 'hello', position: 0 },
    { text: '"\\ud8"', position: 5 },
  ]
  for (const { text, position } of cases) {
    it(`tells the position of the fault in ${text.slice(0, 30)}`, () => {
      assert.throws(
        () => parseJsonBody(Buffer.from(text)),
        (error: HypershardError) => {
          assert.equal(error.code, 'invalid_request')
          assert.equal(error.details.position, position, error.message)
          return true
        },
      )
    })
  }

  it('refuses bytes that are not UTF-8', () => {
    assert.throws(() => parseJsonBody(Buffer.from([0x22, 0xff, 0x22])), HypershardError)
  })
})
