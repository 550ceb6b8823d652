import assert from 'node:assert/strict'
import { findCircles, measureFunctions } from './measure-sources.ts'

const file = (path: string, imports: readonly string[]) => ({ path, text: '', imports })

describe('findCircles', () => {
  it('names the files of every circle, and no other', () => {
    const files = [
      file('a/one.ts', ['./two.ts']),
      file('a/two.ts', ['../b/three.ts', 'node:fs']),
      file('b/three.ts', ['../a/one.ts', './four.ts']),
      file('b/four.ts', []),
      file('c/five.ts', ['./six.ts']),
      file('c/six.ts', ['./five.ts']),
      file('c/seven.ts', ['./five.ts']),
    ]
    assert.deepEqual(findCircles(files).sort(), [
      ['a/one.ts', 'a/two.ts', 'b/three.ts'],
      ['c/five.ts', 'c/six.ts'],
    ])
  })

  it('finds none where files only import what is below them', () => {
    assert.deepEqual(findCircles([file('a.ts', ['./b.ts', './c.ts']), file('b.ts', ['./c.ts']), file('c.ts', [])]), [])
  })
})

describe('measureFunctions', () => {
  it('counts functions and methods from their first line to their last', () => {
    const text = 'export function a(): void {\n  b()\n}\n\nclass C {\n  d(): void {\n    e()\n    f()\n  }\n}\n'
    const lines = measureFunctions({ path: 'x.ts', text, imports: [] }).map(({ line, lines }) => [line, lines])
    assert.deepEqual(lines, [
      [1, 3],
      [6, 4],
    ])
  })
})
