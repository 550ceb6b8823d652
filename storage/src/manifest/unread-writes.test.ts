import assert from 'node:assert/strict'
import { testDocument } from '../testing/write-segment.ts'
import { extendUnreadWrites, findUnreadWrite, unreadWritesOf } from './unread-writes.ts'

const unread = { tokens: 2, unknown: 2 }
const unreadOf = (id: string, version: number) => ({ ...testDocument(id, id, version), read: unread })

describe('the writes that a model cannot read', () => {
  it('are told apart, with the first of their documents', () => {
    const many = Array.from({ length: 20 }, (_, at) => unreadOf(`m${at}`, 7))
    const good = { ...testDocument('good', 'good', 7), read: { tokens: 5, unknown: 2 } }
    const writes = unreadWritesOf([...many, good, testDocument('not told', '', 7), unreadOf('alone', 8)])
    assert.deepEqual(
      writes.map(({ sequence, documents, first }) => [sequence, documents, first.length]),
      [
        [7, 20, 8],
        [8, 1, 1],
      ],
    )
    assert.deepEqual(writes[1]!.first, [{ id: 'alone', ...unread }])
  })

  it('are counted together when they come in pieces', () => {
    const [one, two] = [unreadWritesOf([unreadOf('a', 3)]), unreadWritesOf([unreadOf('b', 3), unreadOf('c', 4)])]
    const writes = extendUnreadWrites(one, two)
    assert.deepEqual(findUnreadWrite(writes, 3)?.documents, 2)
    assert.deepEqual(
      findUnreadWrite(writes, 3)?.first.map(({ id }) => id),
      ['a', 'b'],
    )
    assert.deepEqual(findUnreadWrite(writes, 2), { documents: 0, first: [] })
  })

  it('are not known of one that newer ones have pushed out', () => {
    let writes = unreadWritesOf([])
    for (let sequence = 1; sequence <= 40; sequence++) {
      writes = extendUnreadWrites(writes, unreadWritesOf([unreadOf('a', sequence)]))
    }
    assert.equal(writes.length, 32)
    assert.equal(findUnreadWrite(writes, 8), undefined)
    assert.equal(findUnreadWrite(writes, 9)?.documents, 1)
    assert.equal(findUnreadWrite(writes, 41)?.documents, 0)
  })
})
