import assert from 'node:assert/strict'
import { SearchRequest } from '@hypershard/proto/search'
import fc from 'fast-check'
import { bytesBesideField } from './bytes-beside-field.ts'

const qnetField = 19

describe('the bytes of a search beside its q-net', () => {
  it('are as many as the search has without one, but for the few that name it', () => {
    const request = fc.record({ query: fc.string(), k: fc.nat(), recall: fc.double(), idsOnly: fc.boolean() })
    const property = fc.property(request, fc.nat({ max: 5_000 }), (fields, length) => {
      const without = SearchRequest.encode(SearchRequest.fromPartial(fields)).finish()
      const qnet = { weights: Buffer.alloc(length, 1) }
      const whole = SearchRequest.encode(SearchRequest.fromPartial({ ...fields, qnet })).finish()
      const beside = bytesBesideField(whole, qnetField) - without.length
      assert.ok(beside > 0 && beside < 8, `${beside}`)
      assert.equal(bytesBesideField(without, qnetField), without.length)
    })
    fc.assert(property)
  })

  it('are all of what is no message', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
        const beside = bytesBesideField(bytes, qnetField)
        assert.ok(beside >= 0 && beside <= bytes.length)
      }),
    )
    assert.equal(bytesBesideField(Uint8Array.of(7, 1, 2), qnetField), 3)
  })
})
