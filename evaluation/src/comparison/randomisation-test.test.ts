import assert from 'node:assert/strict'
import { randomWords } from '@hypershard/common'
import fc from 'fast-check'
import { randomisationTest } from './randomisation-test.ts'

const options = { permutations: 100_000, seed: 1 }
/** Small whole numbers, so that sums are often the same, and fractions, so that they are off by rounding. */
const difference = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.integer({ min: -9, max: 9 }).map(tenths => tenths / 10),
)

describe('the randomisation test', () => {
  it('counts every assignment of signs when few queries differ', () => {
    fc.assert(
      fc.property(fc.array(difference, { maxLength: 11 }), differences => {
        const { pValue, exact } = randomisationTest(differences, options)
        assert.deepEqual({ pValue, exact }, { pValue: enumerate(differences), exact: true })
      }),
      { numRuns: 60 },
    )
  })

  it('comes near the count of all assignments when it draws them', () => {
    const drawn = randomSeries(7)
    for (let round = 0; round < 4; round++) {
      const differences = Array.from({ length: 17 }, () => Math.round(20 * (drawn() - 0.35)) / 20 || 0.05)
      const { pValue, exact } = randomisationTest(differences, options)
      assert.equal(exact, false)
      const expected = enumerate(differences)
      // Four standard deviations of a share of 100,000 draws.
      const allowed = 4 * Math.sqrt((expected * (1 - expected)) / options.permutations) + 2e-5
      assert(Math.abs(pValue - expected) < allowed, `${pValue} instead of ${expected}`)
    }
  })

  it('gives p-values that are spread evenly when there is nothing to find', () => {
    const drawn = randomSeries(11)
    for (const queries of [12, 30]) {
      const rounds = 400
      const pValues = Array.from({ length: rounds }, () => {
        const differences = Array.from({ length: queries }, () => drawn() - drawn())
        return randomisationTest(differences, { permutations: 999, seed: 3 }).pValue
      })
      for (const level of [0.05, 0.1, 0.25, 0.5, 0.75, 0.9]) {
        const below = pValues.filter(pValue => pValue <= level).length / rounds
        const allowed = 4 * Math.sqrt((level * (1 - level)) / rounds)
        assert(Math.abs(below - level) < allowed, `${below} of the p-values are at most ${level}`)
      }
    }
  })

  for (const { title, differences, pValue } of [
    { title: 'finds nothing where nothing differs', differences: [0, 0, 0], pValue: 1 },
    { title: 'finds nothing in one query', differences: [0.5, 0, 0], pValue: 1 },
    { title: 'takes both directions', differences: Array<number>(5).fill(0.2), pValue: 2 / 32 },
    { title: 'takes sums that differ by rounding as the same', differences: [0.1, 0.2, -0.3], pValue: 1 },
    { title: 'gives no p-value of 0', differences: Array<number>(60).fill(1), pValue: 1 / 100_001 },
  ]) {
    it(title, () => assert.equal(randomisationTest(differences, options).pValue, pValue))
  }

  it('gives the same for the same seed, whatever the sign, and another for another seed', () => {
    const drawn = randomSeries(5)
    const differences = Array.from({ length: 50 }, () => drawn() - 0.4)
    const first = randomisationTest(differences, options)
    assert.deepEqual(randomisationTest(differences, options), first)
    assert.notDeepEqual(randomisationTest(differences, { ...options, seed: 2 }), first)
  })
})

describe('random words', () => {
  it('have each bit set half of the time, whatever the seed', () => {
    for (const seed of [0, 1, 2 ** 32 - 1]) {
      const next = randomWords(seed)
      const set = Array<number>(32).fill(0)
      const words = 20_000
      for (let word = 0; word < words; word++) {
        const bits = next()
        for (let bit = 0; bit < 32; bit++) set[bit]! += (bits >>> bit) & 1
      }
      for (const count of set) assert(Math.abs(count / words - 0.5) < 0.02, `${count} of ${words}`)
    }
  })
})

/** All 2^n sums, one by one; sums of the same numbers may differ by rounding. */
function enumerate(differences: readonly number[]): number {
  const observed = Math.abs(differences.reduce((sum, value) => sum + value, 0))
  let far = 0
  const total = 2 ** differences.length
  for (let signs = 0; signs < total; signs++) {
    let sum = 0
    for (const [at, value] of differences.entries()) sum += Math.floor(signs / 2 ** at) % 2 === 0 ? value : -value
    if (Math.abs(sum) > observed - 1e-9) far++
  }
  return far / total
}

/** Numbers from 0 to 1. */
function randomSeries(seed: number): () => number {
  const next = randomWords(seed)
  return () => next() / 2 ** 32
}
