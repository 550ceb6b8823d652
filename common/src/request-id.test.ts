import assert from 'node:assert/strict'
import { requestIdOf } from './request-id.ts'

describe('the id of a request', () => {
  for (const given of ['a', '7f3c', 'Root=1-67891233-abcdef012345678912345678', 'user@host/1:2', 'x'.repeat(128)]) {
    it(`is the caller's: ${given.slice(0, 50)}`, () => assert.equal(requestIdOf(given), given))
  }

  for (const given of [undefined, '', 'has spaces', 'ä', '"quoted"', 'a\nb', 'x'.repeat(129), ['a', 'b'], 7]) {
    it(`is a new one in place of ${JSON.stringify(given)?.slice(0, 30)}`, () => {
      const [one, two] = [requestIdOf(given), requestIdOf(given)]
      assert.match(one, /^[0-9a-f-]{36}$/)
      assert.notEqual(one, two)
    })
  }
})
