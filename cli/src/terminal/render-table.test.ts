import assert from 'node:assert/strict'
import fc from 'fast-check'
import { widthOf } from './fit-text.ts'
import { type Column, renderPairs, renderTable } from './render-table.ts'

describe('tables', () => {
  it('align numbers to the right and give way in flexible columns first', () => {
    const columns: Column[] = [
      { title: 'name', flexible: true },
      { title: 'documents', align: 'right' },
    ]
    const rows = [
      ['a name that is far too long for this', '1,402'],
      ['潮汐', '7'],
    ]
    assert.deepEqual(renderTable(columns, rows, 30), [
      'name                 documents',
      'a name that is far…      1,402',
      '潮汐                         7',
    ])
  })

  it('fit into any width that leaves each column a character', () => {
    const column = fc.record({ title: fc.string({ maxLength: 12 }), flexible: fc.boolean() })
    const grid = fc
      .array(column, { minLength: 1, maxLength: 6 })
      .chain(columns =>
        fc.tuple(
          fc.constant(columns),
          fc.array(fc.array(fc.string({ unit: 'grapheme' }), { minLength: columns.length, maxLength: columns.length })),
        ),
      )
    fc.assert(
      fc.property(grid, fc.integer({ min: 18, max: 120 }), ([columns, rows], width) => {
        for (const line of renderTable(columns, rows, width)) assert.ok(widthOf(line) <= width, JSON.stringify(line))
      }),
    )
  })

  it('of pairs have no heading and lose nothing', () => {
    const pairs = [['name', 'papers'] as const, ['source', 'all the papers of a year'] as const]
    assert.deepEqual(renderPairs(pairs, 20), [
      'name    papers',
      'source  all the',
      '        papers of a',
      '        year',
    ])
  })
})
