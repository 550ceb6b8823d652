import assert from 'node:assert/strict'
import { parseExactJson } from '@hypershard/common'
import fc from 'fast-check'
import { joinNumber, readNumber, splitNumber } from './read-number.ts'

const anyInteger = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })

function numberOf(numeral: string): number | bigint {
  const read = readNumber(parseExactJson(numeral))
  assert.ok('value' in read, `${numeral}: ${'fault' in read ? read.fault : ''}`)
  return read.value
}

describe('readNumber', () => {
  const cases: [string, number | bigint][] = [
    ['9007199254740993', 9_007_199_254_740_993n],
    ['-9223372036854775808', -(2 ** 63)],
    ['9223372036854775807', 2n ** 63n - 1n],
    ['9007199254740993.0', 9_007_199_254_740_993n],
    ['9.007199254740993e15', 9_007_199_254_740_993n],
    ['900719925474099300E-2', 9_007_199_254_740_993n],
    ['9007199254740992', 2 ** 53],
    ['0e999', 0],
    ['-0', -0],
    ['1.10', 1.1],
    ['0.1000000000000000055511151231257827', 0.1],
    ['1e300', 1e300],
    ['1e19', 1e19],
    ['9223372036854775808.0', 2 ** 63],
    ['5e-324', 5e-324],
  ]
  for (const [numeral, value] of cases) {
    it(`reads ${numeral}`, () => assert.equal(numberOf(numeral), value))
  }

  const refused: [string, RegExp][] = [
    ['9223372036854775808', /^9223372036854775808 is beyond the integers .*write it as 9\.223372036854776e\+18/],
    ['-9223372036854775809', /beyond the integers/],
    ['100000000000000000000', /beyond the integers/],
    ['1e400', /^1e400 is beyond what a number can be/],
    ['-1e400', /beyond what a number can be/],
    ['1e-400', /nearer to 0/],
    [`1${'0'.repeat(100)}`, /^10{39}… is beyond the integers/],
    ['"1"', /must be a number/],
    ['[1.10]', /must be a number/],
  ]
  for (const [numeral, fault] of refused) {
    it(`refuses ${numeral.slice(0, 40)}`, () => {
      const read = readNumber(parseExactJson(numeral))
      assert.ok('fault' in read)
      assert.match(read.fault, fault)
    })
  }

  it('reads every integer of 64 bits exactly, however it is written', () => {
    fc.assert(
      fc.property(anyInteger, fc.constantFrom('', '.0', '.00e0', 'e0', '0e-1'), (integer, end) => {
        // No numeral begins with a zero that another digit follows.
        const numeral = integer === 0n && end === '0e-1' ? '0e-1' : `${integer}${end}`
        assert.equal(BigInt(numberOf(numeral)), integer)
      }),
    )
  })
})

describe('splitNumber', () => {
  it('gives parts that are the integer again, and that sort as integers do', () => {
    fc.assert(
      fc.property(anyInteger, fc.bigInt({ min: -2_000n, max: 2_000n }), (one, step) => {
        const other = BigInt.asIntN(64, one + step)
        const [left, right] = [splitNumber(one), splitNumber(other)]
        assert.equal(BigInt(joinNumber(left)), one)
        assert.ok(Math.abs(left.rest) <= 512)
        const order = left.double - right.double || left.rest - right.rest
        assert.equal(Math.sign(order), one < other ? -1 : one > other ? 1 : 0)
      }),
    )
  })
})
