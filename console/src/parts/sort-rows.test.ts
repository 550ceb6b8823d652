import assert from 'node:assert/strict'
import { sortRows } from './sort-rows.ts'

describe('sorted rows', () => {
  it('are in the order of their values, numbers in names by what they count', () => {
    assert.deepEqual(
      sortRows([3, 1, 2], row => row, false),
      [1, 2, 3],
    )
    assert.deepEqual(
      sortRows([3, 1, 2], row => row, true),
      [3, 2, 1],
    )
    assert.deepEqual(
      sortRows(['shard-10', 'shard-9'], row => row, false),
      ['shard-9', 'shard-10'],
    )
    assert.deepEqual(
      sortRows([true, false], row => row, false),
      [false, true],
    )
  })

  it('come last without a value, both ways, and keep their order where they are equal', () => {
    const rows = [
      { id: 'a', value: null },
      { id: 'b', value: 2 },
      { id: 'c', value: 1 },
      { id: 'd', value: 2 },
    ]
    const ids = (descending: boolean) => sortRows(rows, row => row.value, descending).map(({ id }) => id)
    assert.deepEqual(ids(false), ['c', 'b', 'd', 'a'])
    assert.deepEqual(ids(true), ['b', 'd', 'c', 'a'])
  })
})
