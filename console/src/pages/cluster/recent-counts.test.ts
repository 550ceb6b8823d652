import assert from 'node:assert/strict'
import { type CountsAt, recentCounts, withCounts } from './recent-counts.ts'

const at = (seconds: number, asked: number): CountsAt<'asked'> => ({ atMs: seconds * 1_000, counts: { asked } })

function counted(...moments: readonly CountsAt<'asked'>[]) {
  return moments.reduce<readonly CountsAt<'asked'>[]>((known, moment) => withCounts(known, moment), [])
}

describe('what was counted lately', () => {
  it('is unknown before there are two looks', () => {
    assert.equal(recentCounts(counted()), undefined)
    assert.equal(recentCounts(counted(at(1, 5))), undefined)
  })

  it('is what came in the last minute, and not what came before', () => {
    assert.deepEqual(recentCounts(counted(at(0, 5), at(10, 7))), { asked: 2 })
    assert.deepEqual(recentCounts(counted(at(0, 5), at(30, 7), at(70, 10), at(91, 11))), { asked: 4 })
  })

  it('keeps no more looks than that takes', () => {
    const minute = Array.from({ length: 300 }, (_, second) => at(second, second))
    assert.deepEqual([counted(...minute).length, recentCounts(counted(...minute))], [61, { asked: 60 }])
  })

  it('begins anew when a coordinator does', () => {
    assert.equal(recentCounts(counted(at(0, 50), at(1, 3))), undefined)
    assert.deepEqual(recentCounts(counted(at(0, 50), at(1, 3), at(2, 4))), { asked: 1 })
  })
})
