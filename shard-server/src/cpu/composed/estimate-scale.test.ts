import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import { pseudoRandomTensor } from '@hypershard/harness/qnets'
import { estimateScale, meanOf, rowsToScore } from './estimate-scale.ts'
import { scaleOf } from './leaf-scale.ts'

const width = 8
const rows = 512

/** Scores of rows by a plane and a bend of its square, in plain loops; their tangent at a point. */
function qnetOf(seed: number, bend: number) {
  const slope = pseudoRandomTensor(seed, width, 1)
  const along = (row: Float32Array) => row.reduce((sum, value, at) => sum + value * slope[at]!, 0)
  const score = (vectors: Float32Array) =>
    Float32Array.from({ length: vectors.length / width }, (_, row) => {
      const value = along(vectors.subarray(row * width, (row + 1) * width))
      return 3 + value + bend * value ** 2
    })
  const tangent = (point: Float32Array) => {
    const value = along(point)
    const gradient = slope.map(one => one * (1 + 2 * bend * value))
    return { point, score: score(point)[0]!, gradient }
  }
  return { score, tangent }
}

function scalesOf(seed: number, bend: number) {
  const sample = { vectors: pseudoRandomTensor(100 + seed, rows * width, 1), width }
  const { score, tangent } = qnetOf(seed, bend)
  const estimated = estimateScale(sample, tangent(meanOf(sample)), score(rowsToScore(sample)))
  return { whole: scaleOf(score(sample.vectors)), estimated }
}

describe('a scale by a tangent and some scores', () => {
  const seeds = Array.from({ length: casesOf({ usual: 10, thorough: 200 }) }, (_, at) => at + 1)

  it('is that of all scores for a plane', () => {
    for (const seed of seeds) {
      const { whole, estimated } = scalesOf(seed, 0)
      assert(Math.abs(estimated!.mean - whole.mean) < 1e-5, `seed ${seed}`)
      assert(Math.abs(estimated!.inverse / whole.inverse - 1) < 1e-5, `seed ${seed}`)
    }
  })

  it('is nearly that of all scores for what bends a little', () => {
    let moved = 0
    for (const seed of seeds) {
      const { whole, estimated } = scalesOf(seed, 0.05)
      assert(Math.abs(estimated!.mean - whole.mean) * whole.inverse < 0.05, `seed ${seed}`)
      assert(Math.abs(estimated!.inverse / whole.inverse - 1) < 0.05, `seed ${seed}`)
      const { mean } = scalesOf(seed, 0).whole
      if (Math.abs(whole.mean - mean) * whole.inverse > 0.03) moved++
    }
    assert(moved > seeds.length * 0.9, `the bend moves the mean of ${moved} alone`)
  })

  it('is none where the tangent says little, or where anything is no number', () => {
    for (const seed of seeds) {
      assert.equal(scalesOf(seed, 1).estimated, undefined)
      assert.equal(scalesOf(seed, Number.NaN).estimated, undefined)
    }
  })
})
