import assert from 'node:assert/strict'
import fc from 'fast-check'
import { middleOf, pairedRatio } from './paired-ratio.ts'

const pairsOf = (ratios: readonly number[]) => ratios.map(ratio => [ratio * 300, 300] as const)

describe('the ratio of paired measurements', () => {
  it('is the ratio where all pairs have the same', () => {
    const { ratio, low, high } = pairedRatio(pairsOf([0.98, 0.98, 0.98, 0.98]))
    for (const value of [ratio, low, high]) assert.ok(Math.abs(value - 0.98) < 1e-12)
  })

  it('is the median of the means of all two, and its interval ends eight of them before the last for ten pairs', () => {
    const logsOf = (logs: readonly number[]) => {
      const { ratio, low, high } = pairedRatio(logs.map(log => [Math.exp(log), 1] as const))
      return [ratio, low, high].map(value => Math.round(Math.log(value) * 1e6) / 1e6)
    }
    assert.equal(logsOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])[0], 5.5)
    // The smallest means: 1, 1.5, 2, 2.5, 3, 4, 4.5, 5; the largest: 512, 384, 320, 288, 272, 264, 260, 258.
    assert.deepEqual(logsOf([1, 2, 4, 8, 16, 32, 64, 128, 256, 512]).slice(1), [5, 258])
  })

  it('is moved little by a pair that went wrong', () => {
    const ratios = [0.97, 0.98, 0.99, 1, 1.01, 1.02, 1.03]
    const spoilt = [...ratios.slice(0, -1), 40]
    assert.ok(Math.abs(pairedRatio(pairsOf(spoilt)).ratio - pairedRatio(pairsOf(ratios)).ratio) < 0.02)
  })

  it('turns round with its pairs, and lies in its interval', () => {
    const ratio = fc.double({ min: 0.5, max: 2, noNaN: true })
    fc.assert(
      fc.property(fc.array(ratio, { minLength: 1, maxLength: 20 }), ratios => {
        const found = pairedRatio(pairsOf(ratios))
        const turned = pairedRatio(pairsOf(ratios).map(([ours, theirs]) => [theirs, ours]))
        assert.ok(found.low <= found.ratio && found.ratio <= found.high)
        for (const [value, other] of [
          [found.ratio, turned.ratio],
          [found.low, turned.high],
          [found.high, turned.low],
        ] as const) {
          assert.ok(Math.abs(value * other - 1) < 1e-9)
        }
      }),
    )
  })

  it('holds the truth in about 95 of 100 intervals', () => {
    let seed = 7
    const random = () => {
      seed = (seed * 16_807) % 2_147_483_647
      return seed / 2_147_483_647
    }
    const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random())
    let held = 0
    for (let run = 0; run < 400; run++) {
      const ratios = Array.from({ length: 15 }, () => 0.98 * Math.exp(0.05 * normal()))
      const { low, high } = pairedRatio(pairsOf(ratios))
      if (low <= 0.98 && 0.98 <= high) held++
    }
    assert.ok(held > 364 && held < 396, `${held}`)
  })

  it('has a base between two that were measured beside it', () => {
    assert.deepEqual(middleOf([100, 4], [400, 9]), [200, 6])
  })
})
