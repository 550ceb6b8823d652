import assert from 'node:assert/strict'
import { Deadline, silentLogger } from '@hypershard/common'
import type { Filter } from '@hypershard/proto/shard'
import type { FilterColumns } from '@hypershard/storage'
import { hasBit } from '@hypershard/storage/rows'
import type { SharedIds } from '../ports.ts'
import { RowFilter } from './row-filter.ts'

const soon = () => Deadline.after(10_000)
const rows = 80
const setBytes = rows / 8

/** Row r has the number r. */
const columns = {
  n: {
    type: 'number',
    offsets: Int32Array.from({ length: rows + 1 }, (_, row) => row),
    values: Float64Array.from(Array(rows).keys()),
  },
} as unknown as FilterColumns

/** Of row r: `d` and r. */
const idBytes = Array.from({ length: rows }, (_, row) => Buffer.from(`d${row}`))
const ids: SharedIds = { offsets: sharedOffsets(), bytes: new Uint8Array(new SharedArrayBuffer(10 * rows)) }
ids.bytes.set(Buffer.concat(idBytes))

function sharedOffsets() {
  const offsets = new Int32Array(new SharedArrayBuffer(4 * (rows + 1)))
  for (const [row, { length }] of idBytes.entries()) offsets[row + 1] = offsets[row]! + length
  return offsets
}

function equals(value: number): Filter {
  const test = { $case: 'numbers' as const, value: { values: [value], rests: [] } }
  return { kind: { $case: 'condition', value: { field: 'n', test } } }
}

describe('the row sets of filters', () => {
  let filter: RowFilter
  const deaths: Error[] = []

  beforeEach(() => {
    filter = new RowFilter({ log: silentLogger(), onDeath: error => deaths.push(error), keptBytesMax: 2.5 * setBytes })
    filter.hold('s', { rows, columns, ids })
  })

  afterEach(async () => {
    await filter.close()
    assert.deepEqual(deaths, [])
  })

  const select = (value: number) => filter.select('s', equals(value), soon())

  it('are those that pass, and the same one for the same filter', async () => {
    const selected = await select(11)
    assert.deepEqual([...selected], [0, 0b1000, 0, 0, 0, 0, 0, 0, 0, 0])
    assert.equal(await select(11), selected)
    assert.equal(filter.bytes, setBytes)
  })

  it('are kept up to a bound, the one unused for longest going first', async () => {
    const [first, second] = [await select(1), await select(2)]
    assert.equal(await select(1), first)
    await select(3)
    assert.equal(filter.bytes, 2 * setBytes)
    assert.equal(await select(1), first)
    assert.notEqual(await select(2), second)
  })

  it('go with their segment', async () => {
    await select(1)
    filter.drop('s')
    assert.equal(filter.bytes, 0)
    filter.hold('s', { rows, columns, ids })
    await select(1)
    assert.equal(filter.bytes, setBytes)
  })

  it('are those of some ids, which are not kept', async () => {
    const wanted = ['d3', 'd30', 'd', 'd08', 'e4']
    const selected = await filter.select('s', { kind: { $case: 'ids', value: { values: wanted } } }, soon())
    const found = Array.from({ length: rows }, (_, row) => row).filter(row => hasBit(selected, row))
    assert.deepEqual(found, [3, 30])
    assert.equal(filter.bytes, 0)
  })

  it('are not kept of a filter that cannot be used', async () => {
    const wrong: Filter = { kind: { $case: 'condition', value: { field: 'n', test: undefined } } }
    await assert.rejects(filter.select('s', wrong, soon()), { code: 'invalid_request' })
    await assert.rejects(filter.select('s', wrong, soon()), { code: 'invalid_request' })
    assert.equal(filter.bytes, 0)
  })
})
