import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseExact, printExact } from './parse-exact.ts'

describe('JSON with all its digits', () => {
  it('keeps integers that no double holds', () => {
    const text = '{"a":9007199254740993,"b":[1.5,-12345678901234567890],"c":1e300}'
    assert.deepEqual(parseExact(text), { a: 9007199254740993n, b: [1.5, -12345678901234567890n], c: 1e300 })
    assert.equal(printExact(parseExact(text)), '{"a":9007199254740993,"b":[1.5,-12345678901234567890],"c":1e+300}')
  })

  it('is plain JSON otherwise', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const text = JSON.stringify(value)
        assert.equal(printExact(parseExact(text)), text)
      }),
    )
  })
})
