import assert from 'node:assert/strict'
import { FormatError } from '@hypershard/common'
import fc from 'fast-check'
import { z } from 'zod'
import { openSealedJson, sealJson } from './sealed-json.ts'

const schema = z.strictObject({ name: z.string(), count: z.int(), list: z.array(z.number()) })

const records = fc.record(
  {
    name: fc.string({ unit: 'grapheme' }),
    count: fc.integer(),
    list: fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => value + 0)),
  },
  { noNullPrototype: true },
)

describe('sealed JSON', () => {
  it('opens to what was sealed', () => {
    fc.assert(fc.property(records, record => assert.deepEqual(openSealedJson(schema, sealJson(record)), record)))
  })

  it('is refused when any one bit of it was flipped, unless only its spacing changed', () => {
    const record = { name: 'papers', count: 12, list: [0.5, 3] }
    const bytes = sealJson(record)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const altered = bytes.slice()
      altered[bit >> 3]! ^= 1 << (bit & 7)
      try {
        assert.deepEqual(openSealedJson(schema, altered), record)
      } catch (error) {
        assert(error instanceof FormatError, `bit ${bit}: ${error}`)
      }
    }
  })

  const bad: [what: string, bytes: Uint8Array, problem: RegExp][] = [
    ['nothing', new Uint8Array(0), /not JSON/],
    ['bytes that are not UTF-8', Uint8Array.of(0xff), /not JSON/],
    ['JSON without a seal', Buffer.from('{"name":"a"}'), /no sha256/],
    ['a list', Buffer.from('[]'), /no sha256/],
    ['sealed JSON of another shape', sealJson({ name: 'a', count: 1.5, list: [] }), /count/],
    ['sealed JSON with an unknown key', sealJson({ name: 'a', count: 1, list: [], more: 1 }), /more/],
  ]
  for (const [what, bytes, problem] of bad) {
    it(`refuses ${what}`, () => {
      assert.throws(() => openSealedJson(schema, bytes), { name: 'FormatError', message: problem })
    })
  }
})
