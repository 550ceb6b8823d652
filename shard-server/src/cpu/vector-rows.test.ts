import assert from 'node:assert/strict'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pseudoRandomTensor } from '@hypershard/harness/qnets'
import fc from 'fast-check'
import { copyRows, openVectorsFile, vectorsInMemory } from './vector-rows.ts'

const width = 5
const rows = 40
const values = pseudoRandomTensor(1, rows * width, 1)

describe('vectors by row', () => {
  let folder: string
  let path: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-vectors-'))
    path = join(folder, 'vectors')
    await writeFile(path, new Uint8Array(values.buffer))
  })

  afterEach(() => rm(folder, { recursive: true }))

  it('are the same from memory and from a file that has been removed since', async () => {
    const memory = vectorsInMemory(values, width)
    const file = openVectorsFile(path, width)
    await rm(path)
    assert.deepEqual([memory.rows, memory.width, file.rows, file.width], [rows, width, rows, width])
    const row = fc.integer({ min: 0, max: rows - 1 })
    const wanted = fc.array(fc.record({ row, onDisk: fc.boolean() }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(row, row, wanted, (a, b, some) => {
        const [first, last] = [Math.min(a, b), Math.max(a, b)]
        const range = values.slice(first * width, last * width)
        assert.deepEqual(file.range(first, last), range)
        assert.deepEqual(memory.range(first, last), range)
        assert.deepEqual(
          [...copyRows(some.map(one => ({ row: one.row, vectors: one.onDisk ? file : memory })))],
          some.flatMap(one => [...values.subarray(one.row * width, (one.row + 1) * width)]),
        )
      }),
    )
    file.close()
  })

  it('may be none', () => {
    assert.deepEqual(copyRows([]), new Float32Array(0))
  })

  it('fail as `storage_failed`, with the file, when it cannot be opened or ends too early', async () => {
    const file = openVectorsFile(path, width)
    await truncate(path, 10 * width * 4 + 3)
    assert.deepEqual(file.range(0, 10), values.slice(0, 10 * width))
    const cutShort = {
      code: 'storage_failed',
      message: `reading ${path}: it ends at byte 203; check the disk of HYPERSHARD_SHARD_SCRATCH`,
    }
    assert.throws(() => file.copyRow(10, new Float32Array(width)), cutShort)
    assert.throws(() => file.range(8, 12), cutShort)
    file.close()
    await rm(path)
    assert.throws(() => openVectorsFile(path, width), { code: 'storage_failed', message: /opening .*ENOENT/ })
  })
})
