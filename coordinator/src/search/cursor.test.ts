import assert from 'node:assert/strict'
import { compareRank, HypershardError } from '@hypershard/common'
import fc from 'fast-check'
import { type CursorOwner, decodeCursor, encodeCursor } from './cursor.ts'

const owner: CursorOwner = {
  indexUid: 'f3',
  query: 'why do stars twinkle',
  precision: 'fp32',
  plan: 'exact',
  filter: 'null',
}
const cursor = { generation: 2, version: 3, score: 0.25, id: 'a', given: 10 }

function isInvalidCursor(error: unknown): boolean {
  return error instanceof HypershardError && error.code === 'invalid_cursor'
}

describe('a cursor', () => {
  it('comes back as it was, whatever the score and the id', () => {
    const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 })
    fc.assert(
      fc.property(fc.integer({ min: 1 }), fc.nat(), fc.float(), id, (generation, version, score, id) => {
        const back = decodeCursor(encodeCursor({ generation, version, score, id, given: version }, owner), owner)
        // All scores that are not finite rank alike, so which one it was does not matter.
        const expected = Number.isFinite(score) ? score + 0 : Number.NaN
        assert.deepEqual(back, { generation, version, score: expected, id, given: version })
      }),
    )
  })

  it('keeps the exact value of the last group', () => {
    for (const value of [null, '', 'x', 0, -1.5, 2n ** 53n + 1n]) {
      assert.deepEqual(decodeCursor(encodeCursor({ ...cursor, group: { value } }, owner), owner).group, { value })
    }
  })

  for (const score of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    it(`stays behind every number when its score is ${score}`, () => {
      const back = decodeCursor(encodeCursor({ ...cursor, score }, owner), owner)
      assert.ok(compareRank({ score: -Number.MAX_VALUE, id: 'z' }, back) < 0)
      assert.ok(compareRank(back, { score: Number.NaN, id: 'b' }) < 0)
    })
  }

  for (const other of [
    { indexUid: 'f4' },
    { query: 'another' },
    { precision: 'int8' },
    { plan: 'tangent' },
    { filter: '{}' },
    { groupBy: 'year' },
    { sort: '[{"field":"year","order":"asc"}]' },
  ]) {
    it(`is refused with another ${Object.keys(other)}`, () => {
      assert.throws(() => decodeCursor(encodeCursor(cursor, owner), { ...owner, ...other }), isInvalidCursor)
    })
  }

  const edited = (score: string) => {
    const json = Buffer.from(encodeCursor(cursor, owner), 'base64url').toString()
    return Buffer.from(json.replace('"s":0.25', `"s":${score}`)).toString('base64url')
  }

  for (const score of ['1e308', '-1e308', '3.4028235e38', '1e400', '-1e400', 'null', '"0.25"']) {
    it(`is refused when its score was edited to ${score}`, () => {
      assert.throws(() => decodeCursor(edited(score), owner), isInvalidCursor)
    })
  }

  it('may have the largest score of 32 bits', () => {
    const score = -(2 - 2 ** -23) * 2 ** 127
    assert.equal(decodeCursor(encodeCursor({ ...cursor, score }, owner), owner).score, score)
  })

  const garbage = ['', 'x', '!!!!', 'bnVsbA', Buffer.from('{"v":1}').toString('base64url'), 'a'.repeat(8_000)]
  for (const text of garbage) {
    it(`is refused when it is ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.throws(() => decodeCursor(text, owner), isInvalidCursor)
    })
  }
})
