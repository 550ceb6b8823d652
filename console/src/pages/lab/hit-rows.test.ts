import assert from 'node:assert/strict'
import type { Hit } from '@hypershard/contract'
import { groupRowHeight, hitMiddles, hitRowHeight, hitRows, hitTops, rankedHits } from './hit-rows.ts'

const hit = (id: string) => ({ id, score: 1 }) as Hit

describe('the rows of a list of hits', () => {
  it('are its hits, with their ranks', () => {
    const answer = { hits: [hit('a'), hit('b')] }
    assert.deepEqual(hitRows(answer), [
      { kind: 'hit', hit: hit('a'), rank: 1 },
      { kind: 'hit', hit: hit('b'), rank: 2 },
    ])
    assert.deepEqual(
      rankedHits(answer).map(({ id }) => id),
      ['a', 'b'],
    )
  })

  const grouped = {
    hits: [],
    groups: [
      { value: 'Nature', hits: [hit('a'), hit('b')] },
      { value: 9007199254740993n as unknown as number, hits: [hit('a')] },
      { value: null, hits: [hit('c')] },
    ],
  }

  it('have the value of each group above its hits, whose ranks go on from group to group', () => {
    const told = hitRows(grouped).map(row => (row.kind === 'group' ? [row.value, row.hits] : [row.hit.id, row.rank]))
    assert.deepEqual(told, [
      ['Nature', 2],
      ['a', 1],
      ['b', 2],
      [9007199254740993n, 1],
      ['a', 3],
      [null, 1],
      ['c', 4],
    ])
  })

  it('know a document of two groups for two hits', () => {
    assert.equal(new Set(rankedHits(grouped).map(({ id }) => id)).size, 4)
  })

  it('have places that lines between two lists can start from', () => {
    const rows = hitRows(grouped)
    assert.equal(hitTops(rows).at(-1), 3 * groupRowHeight + 4 * hitRowHeight)
    const half = hitRowHeight / 2
    assert.deepEqual(hitMiddles(rows), [
      groupRowHeight + half,
      groupRowHeight + hitRowHeight + half,
      2 * groupRowHeight + 2 * hitRowHeight + half,
      3 * groupRowHeight + 3 * hitRowHeight + half,
    ])
  })
})
