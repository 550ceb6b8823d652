import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import type { EncoderSession } from '../encoding/encoder-session.ts'
import { statesOf } from '../encoding/text-batch.ts'
import { inFixedShapes } from './in-fixed-shapes.ts'

const tokensMax = 40

/** A text's states are its ids, and the shape of its run behind each, so that a text shows what it was run in. */
function sessionOf(shapes: string[] = []): EncoderSession {
  return {
    close: async () => undefined,
    run: async (texts, longest) => {
      assert(longest !== undefined)
      const lengths = texts.map(ids => ids.length)
      const shape = texts.length * 1_000 + longest
      shapes.push(`${texts.length} x ${longest}`)
      const states = new Float32Array(texts.length * longest * 2)
      for (const [row, ids] of texts.entries()) {
        for (const [at, id] of ids.entries()) states.set([id, shape], (row * longest + at) * 2)
      }
      return { states, lengths, longest, width: 2 }
    },
  }
}

describe('an encoder in fixed shapes', () => {
  it('runs a text in the shape of its length alone, and gives each its own states in their order', async () => {
    const texts = fc.array(fc.integer({ min: 1, max: tokensMax }), { minLength: 1, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 6 }), async (lengths, rows) => {
        const shapes: string[] = []
        const encoder = inFixedShapes(sessionOf(shapes), { tokensMax, rowsOf: () => rows })
        const ids = lengths.map((tokens, row) => new Int32Array(tokens).fill(row + 1))
        const batch = await encoder.run(ids)
        assert.deepEqual(batch.lengths, lengths)
        for (const [row, text] of ids.entries()) {
          const alone = await encoder.run([text])
          assert.deepEqual(statesOf(batch, row), statesOf(alone, 0))
          assert.equal(statesOf(batch, row)[0], row + 1)
        }
        assert(shapes.every(shape => [16, 32, 40].some(length => shape === `${rows} x ${length}`)))
      }),
      { numRuns: casesOf({ usual: 50, thorough: 1000 }) },
    )
  })

  it('takes as few runs as its rows allow', async () => {
    const shapes: string[] = []
    const encoder = inFixedShapes(sessionOf(shapes), { tokensMax, rowsOf: tokens => 64 / tokens })
    await encoder.run([3, 16, 2, 9, 5, 17].map(tokens => new Int32Array(tokens)))
    assert.deepEqual(shapes, ['4 x 16', '4 x 16', '2 x 32'])
  })
})
