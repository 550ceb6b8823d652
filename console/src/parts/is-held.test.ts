import assert from 'node:assert/strict'
import { isHeld } from './is-held.ts'

describe('what a dialog asks for', () => {
  const open = { running: false, disabled: false, typed: undefined, name: '' }

  it('can be done unless it is being done, or something keeps it', () => {
    assert.equal(isHeld(open), false)
    assert.equal(isHeld({ ...open, running: true }), true)
    assert.equal(isHeld({ ...open, disabled: true }), true)
  })

  it('waits for the whole name, letter by letter', () => {
    const held = (name: string) => isHeld({ ...open, typed: 'papers', name })
    assert.deepEqual(['', 'paper', 'Papers', 'papers ', 'papers'].map(held), [true, true, true, true, false])
  })
})
