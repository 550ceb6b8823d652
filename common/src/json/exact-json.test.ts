import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isExactNumber, parseExactJson, withPlainNumbers } from './exact-json.ts'

const numerals = [
  ...['0', '-0', '7', '-12', '1.10', '0.1', '1e400', '-1E+400', '1e-400', '9007199254740993', '-9007199254740993'],
  ...[
    '9223372036854775808',
    '100000000000000000000',
    '1e21',
    '1.0',
    '10e-1',
    '0.30000000000000004',
    '1234567890123456',
  ],
]

describe('parseExactJson', () => {
  for (const numeral of numerals) {
    it(`gives ${numeral} back as it was written, wherever it stands`, () => {
      for (const text of [numeral, `[${numeral},"x",${numeral}]`, `{"a":{"b":[${numeral}]},"c":${numeral}}`]) {
        assert.equal(JSON.stringify(parseExactJson(text)), text)
        assert.equal(JSON.stringify(parseExactJson(` ${text.replaceAll(',', ' ,\n ').replaceAll(':', ' :\t')} `)), text)
      }
    })
  }

  it('keeps plain numbers plain', () => {
    assert.deepEqual(parseExactJson('{"a":1,"b":0.5,"c":-3e-7,"d":9007199254740991}'), {
      a: 1,
      b: 0.5,
      c: -3e-7,
      d: 9_007_199_254_740_991,
    })
    assert.ok(isExactNumber(parseExactJson('100000000000000000000')), 'a double beyond 2^53 may stand for several')
  })

  it('is JSON.parse for whatever JSON.stringify writes, numbers that only look like some in strings too', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const text = JSON.stringify(value)
        assert.deepEqual(withPlainNumbers(parseExactJson(text)), JSON.parse(text))
        assert.equal(JSON.stringify(parseExactJson(text)), text)
      }),
    )
    assert.deepEqual(parseExactJson('{"a":": 1.10, [-0"}'), { a: ': 1.10, [-0' })
  })

  it('gives every numeral back as it was written', () => {
    const digits = fc.stringMatching(/^(?:0|[1-9]\d{0,24})$/)
    const numeral = fc
      .tuple(
        fc.constantFrom('', '-'),
        digits,
        fc.stringMatching(/^(?:\.\d{1,24})?$/),
        fc.stringMatching(/^(?:[eE][+-]?\d{1,4})?$/),
      )
      .map(parts => parts.join(''))
    fc.assert(fc.property(numeral, text => assert.equal(JSON.stringify(parseExactJson(`[${text}]`)), `[${text}]`)))
  })

  it('parses what is nested deeper than a reviver can follow', () => {
    const depth = 100_000
    const value = parseExactJson(`${'['.repeat(depth)}1.10${']'.repeat(depth)}`)
    assert.ok(Array.isArray(value))
  })

  it('fails as JSON.parse does', () => {
    assert.throws(() => parseExactJson('{"a":1.10,}'), SyntaxError)
  })
})
