import assert from 'node:assert/strict'
import { createSegmentWriter, type Fields, type FieldType, openSegment } from '@hypershard/storage'
import fc from 'fast-check'
import { createTestIndex } from '../testing/test-index.ts'
import { createTestStore } from '../testing/test-shard-server.ts'
import { boundOfHeldBytes, heldBytesOf } from './held-bytes.ts'
import { readSegment } from './read-segment.ts'

const valuesOfType: Readonly<Record<FieldType, fc.Arbitrary<unknown>>> = {
  keyword: fc.string({ unit: 'grapheme', maxLength: 6 }),
  number: fc.double({ noNaN: true, noDefaultInfinity: true }),
  boolean: fc.boolean(),
  date: fc.constant('2026-01-01T00:00:00Z'),
}
const column = fc
  .record({ type: fc.constantFrom<FieldType>('keyword', 'number', 'boolean', 'date'), list: fc.boolean() })
  .chain(field => {
    const value = valuesOfType[field.type]
    const one: fc.Arbitrary<unknown> = field.list ? fc.array(value, { maxLength: 40 }) : value
    return fc.record({ field: fc.constant(field), values: fc.array(one, { minLength: 1, maxLength: 60 }) })
  })

describe('what a segment takes of memory', () => {
  it('is never more than its record lets expect, whatever its columns hold', async () => {
    const { store, remove } = await createTestStore()
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(column, { maxLength: 3 }), fc.uuid(), async (columns, uuid) => {
          const fields: Fields = Object.fromEntries(columns.map(({ field }, at) => [`f${at}`, field]))
          const name = `i${uuid}`
          const { modelDigest } = await createTestIndex(store, { name, width: 2, shards: 1, fields })
          const rows = Math.max(1, ...columns.map(({ values }) => values.length))
          const segment = { index: name, generation: 1, shard: 0, modelDigest, vectorWidth: 2, documents: rows, fields }
          const writer = await createSegmentWriter(store, segment)
          const stored = Array.from({ length: rows }, (_, row) => {
            const own = Object.fromEntries(columns.map(({ values }, at) => [`f${at}`, values[row]]))
            return { id: `d${row}`, title: '', text: '', fields: JSON.stringify(own), version: 1 }
          })
          await writer.append(stored, new Float32Array(2 * rows))
          const { digest } = await writer.finish()
          const reference = { index: name, generation: 1, digest }
          const reader = await openSegment(store, reference)
          const loaded = await readSegment(store, reference, fields, { vectors: 'memory', scratch: '/nowhere' })
          assert(heldBytesOf(reader, loaded, 'memory') <= boundOfHeldBytes(reader, fields, 'memory'))
        }),
        { numRuns: 60 },
      )
    } finally {
      await remove()
    }
  })
})
