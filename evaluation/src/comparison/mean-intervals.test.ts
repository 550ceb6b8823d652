import assert from 'node:assert/strict'
import fc from 'fast-check'
import { meanIntervals } from './mean-intervals.ts'

function judged(...columns: readonly (readonly number[])[]) {
  const queries = columns[0]!.map((_, query) => [`q${query}`, columns.map(column => column[query]!)] as const)
  const means = columns.map(column => column.reduce((sum, value) => sum + value, 0) / column.length)
  return { values: new Map(queries), means }
}

describe('confidence intervals of means', () => {
  it('are those of the normal distribution where there are many queries', () => {
    // 400 values of 0 and 1, of which 100 are 1: the standard error is sqrt(0.25 · 0.75 / 400) = 0.02165.
    const [interval] = meanIntervals(judged(Array.from({ length: 400 }, (_, at) => (at % 4 === 0 ? 1 : 0))))
    assert.ok(Math.abs(interval!.low - (0.25 - 1.96 * 0.02165)) < 0.004, `${interval!.low}`)
    assert.ok(Math.abs(interval!.high - (0.25 + 1.96 * 0.02165)) < 0.004, `${interval!.high}`)
  })

  it('are those that the quantiles of all possible draws give', () => {
    // Two queries, 0 and 1: the mean is 0, ½ or 1 with chances of ¼, ½ and ¼.
    assert.deepEqual(meanIntervals(judged([0, 1])), [{ low: 0, high: 1 }])
    // Of 0 five times and 1 once, the mean is 0 with a chance of (5/6)^6 = 33 %, and above ½ with one of 0.9 %.
    assert.deepEqual(meanIntervals(judged([0, 0, 0, 0, 0, 1])), [{ low: 0, high: 0.5 }])
  })

  it('hold the mean, inside the range of the values, the same for the same seed, each metric as if alone', () => {
    const column = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 12 })
    fc.assert(
      fc.property(column, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (values, seed) => {
        const options = { resamples: 400, seed }
        const [interval, other] = meanIntervals(
          judged(
            values,
            values.map(value => 1 - value),
          ),
          options,
        )
        const { low, high } = interval!
        const rounding = 1e-12
        assert.ok(low <= high && low >= Math.min(...values) - rounding && high <= Math.max(...values) + rounding)
        assert.deepEqual(meanIntervals(judged(values), options), [interval])
        assert.ok(Math.abs(other!.low - (1 - high)) < 1e-9 && Math.abs(other!.high - (1 - low)) < 1e-9)
      }),
      { numRuns: 60 },
    )
  })
})
