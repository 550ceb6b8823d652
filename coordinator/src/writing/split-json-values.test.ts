import assert from 'node:assert/strict'
import fc from 'fast-check'
import { splitJsonValues } from './split-json-values.ts'

async function split(text: string, cuts: readonly number[] = [1_000], bytesMax = 10_000) {
  async function* chunks() {
    let rest = Buffer.from(text)
    for (let at = 0; rest.length > 0; at++) {
      const cut = cuts[at % cuts.length]!
      yield rest.subarray(0, cut)
      rest = rest.subarray(cut)
    }
  }
  const values: { line: number; text: string | undefined }[] = []
  for await (const { line, bytes } of splitJsonValues(chunks(), bytesMax))
    values.push({ line, text: bytes?.toString() })
  return values
}

describe('splitJsonValues', () => {
  it('gives the elements of any array, and values one after the other, however the stream is cut', async () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true })
    const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(object, { maxLength: 5 }),
        fc.constantFrom(0, 2),
        cuts,
        async (objects, indent, cutAt) => {
          const parts = objects.map(one => JSON.stringify(one, null, indent))
          for (const text of [JSON.stringify(objects, null, indent), parts.join(''), parts.join(' \r\n')]) {
            const values = await split(text, cutAt)
            assert.deepEqual(
              values.map(value => JSON.parse(value.text ?? '')),
              JSON.parse(JSON.stringify(objects)),
            )
            assert.deepEqual(
              values.map(({ line }) => line),
              objects.map((_, at) => at + 1),
            )
          }
        },
      ),
    )
  })

  it('leaves out an element that is too long, and goes on', async () => {
    const values = await split(`[{"a":"${'x'.repeat(50)}"},{"b":1}]`, [7], 20)
    assert.deepEqual(
      values.map(({ text }) => text),
      [undefined, '{"b":1}'],
    )
  })
})
