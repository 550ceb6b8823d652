import assert from 'node:assert/strict'
import fc from 'fast-check'
import { matchesPattern } from './matches-pattern.ts'

/** As slow as may be: the first `*` takes every number of characters in turn. */
function matchesNaively(pattern: string, name: string): boolean {
  if (pattern === '') return name === ''
  const [first, rest] = [pattern[0], pattern.slice(1)]
  if (first !== '*') return name[0] === first && matchesNaively(rest, name.slice(1))
  return Array.from({ length: name.length + 1 }, (_, at) => at).some(at => matchesNaively(rest, name.slice(at)))
}

describe('a pattern of index names', () => {
  it('matches as the rule of `*` says', () => {
    const text = (...characters: string[]) => fc.string({ unit: fc.constantFrom(...characters), maxLength: 8 })
    fc.assert(
      fc.property(text('a', 'b', '*'), text('a', 'b'), (pattern, name) => {
        assert.equal(matchesPattern(pattern, name), matchesNaively(pattern, name))
      }),
      { numRuns: 2_000 },
    )
  })

  for (const [pattern, name, matches] of [
    ['*', 'anything', true],
    ['papers', 'papers', true],
    ['papers', 'papers-2', false],
    ['papers-*', 'papers-', true],
    ['papers-*', 'papers', false],
    ['*-eu', 'papers-eu', true],
    ['*-eu', 'papers-eu-2', false],
    ['p.pers', 'papers', false],
    ['', 'papers', false],
  ] as const) {
    it(`${JSON.stringify(pattern)} ${matches ? 'has' : 'has not'} ${name}`, () => {
      assert.equal(matchesPattern(pattern, name), matches)
    })
  }

  it('of many stars is told from a long name at once', () => {
    assert.equal(matchesPattern(`${'*a'.repeat(200)}b`, 'a'.repeat(2_000)), false)
  })
})
