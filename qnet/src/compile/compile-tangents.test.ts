import assert from 'node:assert/strict'
import { naiveScores, pseudoRandomTensor, pseudoRandomWeights, publishedArchitecture } from '@hypershard/harness/qnets'
import { type QNetArchitecture, vectorWidth } from '../architecture.ts'
import { QNetScorer } from '../score-documents.ts'

const width = 12
const points = 3

function variants(): [string, QNetArchitecture][] {
  const published = publishedArchitecture(width, 2)
  return [
    ['no core layer', { ...published, vectorDimensions: [width, 1] }],
    ['one core layer with residual', { ...publishedArchitecture(width, 1), residualOnLast: true }],
    ['narrowing, without residual', { ...published, vectorDimensions: [width, 8, 5, 1], residual: false }],
    ['without layer norm', { ...published, layerNorm: false }],
    ['layer norm after the residual', { ...published, layerNormBeforeResidual: false }],
    ['six layers', publishedArchitecture(width, 6)],
    ...(['tanh', 'sigmoid', 'gelu', 'leaky_relu'] as const).map((activation): [string, QNetArchitecture] => [
      activation,
      { ...published, activation },
    ]),
  ]
}

/** By central differences of the f64 oracle. */
function numericGradient(architecture: QNetArchitecture, seed: number, point: Float32Array): number[] {
  const step = 2 ** -12
  const weights = pseudoRandomWeights(architecture, seed)
  return Array.from(point, (_, dimension) => {
    const [above, below] = [step, -step].map(by => {
      const moved = point.slice()
      moved[dimension]! += by
      return [naiveScores(architecture, weights, moved)[0]!, moved[dimension]!] as const
    })
    return (above![0] - below![0]) / (above![1] - below![1])
  })
}

describe('tangents', () => {
  for (const [name, architecture] of variants()) {
    it(`are scores and gradients (${name})`, async () => {
      const scorer = new QNetScorer(architecture)
      for (let seed = 1; seed <= 5; seed++) {
        const weights = pseudoRandomWeights(architecture, 1_000 * seed)
        const at = pseudoRandomTensor(seed, points * vectorWidth(architecture), 1)
        const { scores, gradients } = await scorer.tangents(weights, at)
        const expected = naiveScores(architecture, weights, at)
        assert.deepEqual([scores.length, gradients.length], [points, points * width])
        for (let row = 0; row < points; row++) {
          assert.ok(Math.abs(scores[row]! - expected[row]!) < 1e-4 * (1 + Math.abs(expected[row]!)))
          const own = gradients.subarray(row * width, (row + 1) * width)
          const numeric = numericGradient(architecture, 1_000 * seed, at.subarray(row * width, (row + 1) * width))
          const length = Math.hypot(...numeric)
          const error = Math.hypot(...numeric.map((value, dimension) => value - own[dimension]!))
          // relu bends between the two points of a difference now and then.
          assert.ok(error <= 0.02 * length + 1e-4, `seed ${seed}, point ${row}: off by ${error} of ${length}`)
        }
      }
    })
  }

  it('are the same bits for a point alone and beside whatever others', async () => {
    for (const architecture of [publishedArchitecture(384, 1), publishedArchitecture(96, 6)]) {
      const own = vectorWidth(architecture)
      const scorer = new QNetScorer(architecture)
      const weights = pseudoRandomWeights(architecture, 3)
      const at = pseudoRandomTensor(4, 21 * own, 1)
      const all = await scorer.tangents(weights, at)
      for (const count of [1, 2, 3, 6, 17]) {
        const some = await scorer.tangents(weights, at.slice(0, count * own))
        assert.deepEqual(some.gradients, all.gradients.slice(0, count * own), `${count} points`)
        assert.deepEqual(some.scores, all.scores.slice(0, count), `${count} points`)
      }
    }
  })
})
