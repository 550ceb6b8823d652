import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { Output } from '../terminal/terminal.ts'
import { renderFragments } from './render-fragments.ts'

describe('highlights for people', () => {
  const coloured = new Output(Object.assign(new PassThrough(), { isTTY: true }), {})
  const fragment = (text: string, ...marks: [number, number][]) => ({
    begin: 100,
    end: 100 + text.length,
    text,
    marks: marks.map(([begin, end]) => ({ begin: 100 + begin, end: 100 + end })),
  })
  const show = (width: number, fragments: ReturnType<typeof fragment>[], output = coloured) =>
    renderFragments({ id: 'a', score: 1, highlight: { fragments, partial: false } }, { output, width, linesMax: 2 })
  const bold = (lines: string[]) =>
    lines.flatMap(line => line.split('\u001b[').flatMap(part => (part.startsWith('1m') ? [part.slice(2)] : [])))

  it('are lines with the words of the query in bold', () => {
    const lines = show(80, [fragment('🌞 stars\u0007and\nmoons', [2, 7], [12, 17]), fragment('A star.', [2, 6])])
    assert.equal(lines.length, 2)
    assert.deepEqual(bold(lines), ['stars', 'moons', 'star'])
  })

  it('break like any text, a mark over two lines in both', () => {
    assert.deepEqual(show(6, [fragment('a starsandmoons', [2, 15])], new Output(new PassThrough(), {})), [
      'a',
      'stars…',
    ])
    assert.deepEqual(bold(show(5, [fragment('starsmoon', [0, 9])])), ['stars', 'moon'])
  })

  it('are none of a hit without any', () => {
    assert.deepEqual(renderFragments({ id: 'a', score: 1 }, { output: coloured, width: 80, linesMax: 2 }), [])
  })
})
