import assert from 'node:assert/strict'
import { History } from './history.ts'

const seen = (history: History, minSequence: number, id: string) => {
  const { texts, mayBeAbsent } = history.allowedSince(minSequence).get(id)!
  return [[...texts], mayBeAbsent]
}

describe('the history of a cluster', () => {
  it('allows searches what is being written, and demands what they are to see', () => {
    const history = new History()
    const first = history.begin([{ id: 'a', text: 'one' }])
    assert.deepEqual(seen(history, 0, 'a'), [['one'], true])
    history.note(3, first)
    history.begin([
      { id: 'a', text: 'two' },
      { id: 'a', text: 'three' },
    ])
    assert.deepEqual(seen(history, 0, 'a'), [['one', 'two', 'three'], true])
    assert.deepEqual(seen(history, 3, 'a'), [['one', 'two', 'three'], false])
  })

  it('allows no state that a write before the one to be seen has ended', () => {
    const history = new History()
    history.note(1, history.begin([{ id: 'a', text: 'one' }]))
    history.note(2, history.begin([{ id: 'a', text: null }]))
    assert.deepEqual(seen(history, 2, 'a'), [[], true])
    history.note(5, history.begin([{ id: 'a', text: 'new' }]))
    assert.deepEqual(seen(history, 2, 'a'), [['new'], true])
    assert.deepEqual(seen(history, 5, 'a'), [['new'], false])
    assert.deepEqual([history.sequence, history.acknowledged, history.alive], [5, 3, ['a']])
  })

  it('refuses a write that was put in before an earlier one', () => {
    const history = new History()
    history.note(4, history.begin([{ id: 'a', text: 'one' }]))
    const later = history.begin([{ id: 'a', text: 'two' }])
    assert.throws(() => history.note(2, later), /a: write 2 came before an earlier one/)
  })

  it('refuses a document that is not as it was written last', () => {
    const history = new History()
    history.note(4, history.begin([{ id: 'a', text: 'one' }]))
    history.check('a', { text: 'one', version: 4 })
    for (const found of [undefined, { text: 'one', version: 3 }, { text: 'none', version: 4 }]) {
      assert.throws(() => history.check('a', found), /document a, written last by 4/)
    }
  })
})
