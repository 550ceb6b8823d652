import assert from 'node:assert/strict'
import { DueCollections } from './due-collections.ts'

const minute = 60_000
const keepMs = 60 * minute

describe('which indexes to look through for old files', () => {
  it('are those in which something changed, after a tenth of the time that files are kept', () => {
    const due = new DueCollections(keepMs, 0)
    due.setIndexes(['a', 'b'], 0)
    assert.deepEqual(due.take(6 * minute - 1), [])
    assert.deepEqual(due.take(6 * minute), ['a', 'b'])
    due.noteChange('b')
    assert.deepEqual(due.take(12 * minute - 1), [])
    assert.deepEqual(due.take(12 * minute), ['b'])
  })

  it('are all once more when what was needed may be due', () => {
    const due = new DueCollections(keepMs, 0)
    due.setIndexes(['a'], 0)
    due.take(6 * minute)
    assert.deepEqual(due.take(66 * minute - 1), [])
    assert.deepEqual(due.take(66 * minute), ['a'])
    assert.deepEqual(due.take(126 * minute), ['a'])
  })

  it('are apart from stored models, which are looked through once in the time that files are kept', () => {
    const due = new DueCollections(keepMs, 0)
    const taken = [60 * minute - 1, 60 * minute, 61 * minute, 120 * minute].map(nowMs => due.takeModels(nowMs))
    assert.deepEqual(taken, [false, true, false, true])
  })

  it('are looked through once a minute at most, however short files are kept', () => {
    const due = new DueCollections(0, 0)
    due.setIndexes(['a'], 0)
    for (const nowMs of [minute, 2 * minute]) {
      assert.deepEqual(due.take(nowMs - 1), [])
      due.noteChange('a')
      assert.deepEqual(due.take(nowMs), ['a'])
    }
  })

  it('are a few at a time, those first that waited longest, and none that is gone', () => {
    const due = new DueCollections(0, 0)
    const names = [...'abcdefghijkl']
    due.setIndexes(names, 0)
    due.setIndexes(names.slice(1), 0)
    const taken: string[] = []
    for (let nowMs = minute; nowMs < minute + 20_000; nowMs += 1_000) {
      const some = due.take(nowMs)
      assert.ok(some.length <= 5)
      taken.push(...some)
    }
    assert.deepEqual(taken, names.slice(1))
  })
})
