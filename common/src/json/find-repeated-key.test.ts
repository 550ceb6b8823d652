import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseExactJson } from './exact-json.ts'
import { findRepeatedKey } from './find-repeated-key.ts'

const find = (text: string) => findRepeatedKey(text, parseExactJson(text))

describe('findRepeatedKey', () => {
  const cases = [
    ['{"a":1,"a":1}', 'a'],
    ['{ "a" : 1 , "b" : { "c" : 1 , "c" : 2 } }', 'b.c'],
    ['{"a":[0,{"b":1},{"b":1,"x":"y","b":2}]}', 'a.2.b'],
    ['{"\\u0061":1,"a":2}', 'a'],
    ['{"a\\"":1,"b":"\\\\","a\\"":2}', 'a"'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
    ['{"":1,"":2}', ''],
    ['{"a":1.10,"b":{"a":1},"c":[{"a":1},{"a":1}]}', undefined],
    ['{"a":"\\"a\\":1,\\"a\\":2","b":"\\\\"}', undefined],
    ['"a"', undefined],
    ['[]', undefined],
  ] as const
  for (const [text, path] of cases) it(`finds ${path} in ${text}`, () => assert.equal(find(text), path))

  it('finds nothing in what JSON.stringify writes', () => {
    fc.assert(fc.property(fc.jsonValue(), value => assert.equal(find(JSON.stringify(value, null, 1)), undefined)))
  })
})
