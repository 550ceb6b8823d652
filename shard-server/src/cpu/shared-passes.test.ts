import assert from 'node:assert/strict'
import { pseudoRandomTensor } from '@hypershard/harness/qnets'
import { makeScanCopy, type ScannedRow, scanStretch, toScanQuery } from './scan-copy.ts'
import { SharedPasses, type StretchWish } from './shared-passes.ts'
import { vectorsInMemory } from './vector-rows.ts'

const width = 8

describe('shared passes', () => {
  // Few different values, so that many products are equal.
  const values = pseudoRandomTensor(1, 600 * width, 1).map(Math.round)
  const copy = makeScanCopy(vectorsInMemory(values, width))
  const stretch = copy.stretches[0]!
  const granted: { seed: number; rows: ScannedRow[] }[] = []

  function wishOf(seed: number, count: number): StretchWish {
    const query = toScanQuery(pseudoRandomTensor(seed, width, 1).map(Math.round), copy)!
    return { stretch, query, count, found: rows => granted.push({ seed, rows }) }
  }

  function alone({ query, count }: StretchWish): ScannedRow[] {
    return scanStretch(stretch, [query], count)[0]!
  }

  beforeEach(() => granted.splice(0))

  it('grant one wish, and up to three others of as many rows with it', () => {
    const passes = new SharedPasses()
    const wishes = [2, 3, 4, 5, 6].map(seed => wishOf(seed, 20))
    const other = wishOf(7, 30)
    for (const wish of [...wishes, other]) passes.add(wish)
    passes.grant(wishes[4]!)
    assert.deepEqual(
      granted.map(({ seed }) => seed),
      [6, 2, 3, 4],
    )
    for (const { seed, rows } of granted) assert.deepEqual(rows, alone(wishOf(seed, 20)))
    assert.deepEqual(
      [...wishes, other].map(wish => passes.isOpen(wish)),
      [false, false, false, true, false, true],
    )
    passes.grant(other)
    assert.deepEqual(granted.at(-1), { seed: 7, rows: alone(other) })
  })

  it('read nothing for a wish that was withdrawn', () => {
    const passes = new SharedPasses()
    const [one, other] = [wishOf(2, 20), wishOf(3, 20)]
    passes.add(one)
    passes.add(other)
    passes.withdraw(one)
    assert.equal(passes.isOpen(one), false)
    passes.grant(other)
    assert.deepEqual(
      granted.map(({ seed }) => seed),
      [3],
    )
  })
})
