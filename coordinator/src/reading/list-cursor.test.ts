import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { decodeListCursor, encodeListCursor } from './list-cursor.ts'

const owner = { indexUid: randomUUID(), filter: 'null' }
const number = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const cursors = fc.record(
  { generation: number, version: number, shard: number, segment: number, row: number },
  { noNullPrototype: true },
)

describe('the cursor of a listing', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(cursors, cursor => {
        assert.deepEqual(decodeListCursor(encodeListCursor(cursor, owner), owner), cursor)
      }),
    )
  })

  it('is refused with another filter or index, and when a bit of it is changed', () => {
    const cursor = encodeListCursor({ generation: 1, version: 2, shard: 3, segment: 4, row: 5 }, owner)
    for (const other of [
      { ...owner, filter: '{}' },
      { ...owner, indexUid: randomUUID() },
    ]) {
      assert.throws(() => decodeListCursor(cursor, other), { code: 'invalid_cursor' })
    }
    const bytes = Buffer.from(cursor, 'base64url')
    for (let at = 0; at < bytes.length; at++) {
      const torn = Buffer.from(bytes)
      torn[at]! ^= 1
      assert.throws(() => decodeListCursor(torn.toString('base64url'), owner), { code: 'invalid_cursor' })
    }
    for (const text of ['', 'x', cursor.slice(1), `${cursor}AAAA`]) {
      assert.throws(() => decodeListCursor(text, owner), { code: 'invalid_cursor' })
    }
  })

  it('tells nothing of the place, not even by its length', () => {
    const one = encodeListCursor({ generation: 1, version: 1, shard: 0, segment: 0, row: 0 }, owner)
    const other = encodeListCursor({ generation: 1, version: 1, shard: 255, segment: 9_999, row: 4e9 }, owner)
    assert.equal(one.length, other.length)
    const again = encodeListCursor({ generation: 1, version: 1, shard: 0, segment: 0, row: 0 }, owner)
    assert.notEqual(one, again)
  })
})
