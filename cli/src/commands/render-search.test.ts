import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import type { Hit } from '@hypershard/contract'
import { Output } from '../terminal/terminal.ts'
import { renderHits } from './render-search.ts'

const output = new Output(new PassThrough(), {})

describe('a hit for people', () => {
  const text = `The beginning. ${'word '.repeat(300)}The answer stands here. The end.`
  const show = (passage: Hit['passage']) =>
    renderHits([{ id: 'a', score: 1, title: 'Title', text, ...(passage && { passage }) }], output).slice(1)

  it('shows the passage that scored best, and where it begins', () => {
    const passage = { begin: 1_515, end: 1_550, text: 'The answer stands here. The end.' }
    assert.deepEqual(show(passage), ['    [from character 1,515] The answer stands here. The end.'])
  })

  for (const { what, passage } of [
    { what: 'no passage', passage: undefined },
    { what: 'the first passage', passage: { begin: 0, end: 40, text: text.slice(0, 40) } },
    { what: 'the title alone', passage: { begin: 0, end: 0, text: '' } },
  ] as const) {
    it(`shows the beginning of the text for ${what}`, () => {
      assert.match(show(passage)[0]!, /^ {4}The beginning\. word word/)
    })
  }
})
