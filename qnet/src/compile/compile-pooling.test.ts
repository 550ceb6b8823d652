import assert from 'node:assert/strict'
import { pseudoRandomTensor } from '@hypershard/harness/qnets'
import fc from 'fast-check'
import { createOnnxSession, floatOutput, Tensor } from '../onnx/session.ts'
import { compilePooling, type Pooling } from './compile-pooling.ts'

/** The definition in plain loops. `lengths[b]` tokens of text b are not padding. */
function naivePooling(
  options: Pooling,
  states: Float32Array,
  lengths: number[],
  tokens: number,
  width: number,
): number[] {
  return lengths.flatMap((length, text) => {
    const rows = options.pooling === 'mean' ? length : 1
    const vector = Array.from({ length: width }, (_, column) => {
      let sum = 0
      for (let row = 0; row < rows; row++) sum += states[(text * tokens + row) * width + column]!
      return sum / rows
    })
    const norm = options.normalize ? Math.max(1e-12, Math.hypot(...vector)) : 1
    return vector.map(value => value / norm)
  })
}

describe('compilePooling', () => {
  const width = 6
  for (const pooling of ['mean', 'cls'] as const) {
    for (const normalize of [true, false]) {
      it(`pools by ${pooling}${normalize ? ', normalised' : ''} and never reads padding`, async () => {
        const session = await createOnnxSession(compilePooling({ pooling, normalize, width }), { threads: 1 })
        await fc.assert(
          fc.asyncProperty(
            fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
            fc.nat(),
            async (lengths, seed) => {
              const tokens = 9
              const states = pseudoRandomTensor(seed, lengths.length * tokens * width, 3)
              const mask = lengths.flatMap(length => Array.from({ length: tokens }, (_, at) => (at < length ? 1n : 0n)))
              const outputs = await session.run({
                token_states: new Tensor('float32', states, [lengths.length, tokens, width]),
                attention_mask: new Tensor('int64', BigInt64Array.from(mask), [lengths.length, tokens]),
              })
              const expected = naivePooling({ pooling, normalize }, states, lengths, tokens, width)
              for (const [index, value] of floatOutput(outputs, 'vectors').entries()) {
                assert(Math.abs(value - expected[index]!) < 1e-5)
              }
            },
          ),
          { numRuns: 50 },
        )
      })
    }
  }
})
