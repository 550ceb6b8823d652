import assert from 'node:assert/strict'
import type { SearchFilter } from './lab-state.ts'
import { hasCondition, toggleCondition } from './with-condition.ts'

const year = { field: 'year', equals: 2026 }
const open = { field: 'open', equals: true } as const

const cases: readonly {
  readonly of: string
  readonly filter: SearchFilter | undefined
  readonly with: SearchFilter
}[] = [
  { of: 'no filter', filter: undefined, with: year },
  { of: 'a condition', filter: open, with: { must: [open, year] } },
  { of: 'words', filter: { words: 'a b' }, with: { must: [{ words: 'a b' }, year] } },
  {
    of: 'conditions that all hold',
    filter: { must: [open, { words: 'a' }] },
    with: { must: [open, { words: 'a' }, year] },
  },
  {
    of: 'others, of which one holds',
    filter: { should: [open, { field: 'year', lt: 3 }] },
    with: { should: [open, { field: 'year', lt: 3 }], must: [year] },
  },
]

describe('a value that is pressed', () => {
  for (const { of, filter, with: expected } of cases) {
    it(`joins ${of}, and is taken out again`, () => {
      assert.equal(hasCondition(filter, year), false)
      const joined = toggleCondition(filter, year)
      assert.deepEqual(joined, expected)
      assert.equal(hasCondition(joined, year), true)
      assert.deepEqual(toggleCondition(joined, year), filter)
    })
  }

  it('is another one than what is like it: another value, an integer next to it, a range', () => {
    for (const other of [
      { field: 'year', equals: 2025 },
      { field: 'year', equals: '2026' },
      { field: 'year', gte: 2026 },
    ]) {
      assert.equal(hasCondition(other as SearchFilter, year), false)
    }
    const large = (equals: bigint) => ({ field: 'n', equals: equals as unknown as number })
    assert.equal(hasCondition(large(9007199254740993n) as SearchFilter, large(9007199254740992n)), false)
    assert.equal(hasCondition(large(9007199254740993n) as SearchFilter, large(9007199254740993n)), true)
  })
})
