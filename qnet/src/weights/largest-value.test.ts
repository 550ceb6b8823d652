import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import { naiveScores, pseudoRandomCase, pseudoRandomWeights, publishedArchitecture } from '@hypershard/harness/qnets'
import fc from 'fast-check'
import { activations, type QNetArchitecture } from '../architecture.ts'
import { largestHalf, largestHalfMax, largestValue, magnitudeOf } from './largest-value.ts'

describe('largestValue', () => {
  it('is above every score, whatever the q-net', () => {
    const property = fc.property(
      fc.record({
        width: fc.integer({ min: 1, max: 12 }),
        depth: fc.integer({ min: 0, max: 4 }),
        activation: fc.constantFrom(...activations),
        layerNorm: fc.boolean(),
        layerNormBeforeResidual: fc.boolean(),
        residual: fc.boolean(),
        seed: fc.nat(),
        scale: fc.constantFrom(1e-3, 1, 1e6),
      }),
      ({ width, depth, seed, scale, ...rest }) => {
        const vectorDimensions = [...Array.from({ length: depth + 1 }, () => width), 1]
        const architecture: QNetArchitecture = { ...rest, vectorDimensions, residualOnLast: rest.residual }
        const { weights, documents } = pseudoRandomCase(architecture, seed, 8)
        const scaled = { ...weights, matrices: weights.matrices.map(matrix => matrix.map(value => value * scale)) }
        const bound = largestValue(architecture, scaled, magnitudeOf(documents))
        for (const score of naiveScores(architecture, scaled, documents)) assert(Math.abs(score) <= bound * (1 + 1e-6))
      },
    )
    fc.assert(property, { numRuns: casesOf({ usual: 100, thorough: 2_000 }) })
  })

  it('counts the squares that a layer norm sums', () => {
    const plain = { activation: 'relu', layerNormBeforeResidual: true, residual: false, residualOnLast: false } as const
    const weights = { matrices: [Float32Array.of(1e20), Float32Array.of(1)], biases: [Float32Array.of(0)] }
    const bound = (layerNorm: boolean) => largestValue({ ...plain, layerNorm, vectorDimensions: [1, 1, 1] }, weights, 1)
    assert(bound(true) > 3.4e38)
    assert(bound(false) < 1e21)
  })

  it('is no number where a value is none', () => {
    assert(Number.isNaN(magnitudeOf(Float32Array.of(1, Number.NaN, 2))))
    assert.equal(magnitudeOf(Float32Array.of(1, -3, 2)), 3)
    assert.equal(magnitudeOf(Float32Array.of(Number.NEGATIVE_INFINITY)), Number.POSITIVE_INFINITY)
  })
})

describe('largestHalf', () => {
  it('is above what every product reads, whatever the q-net', () => {
    const property = fc.property(
      fc.record({
        width: fc.integer({ min: 1, max: 12 }),
        depth: fc.integer({ min: 1, max: 4 }),
        activation: fc.constantFrom(...activations),
        layerNorm: fc.boolean(),
        layerNormBeforeResidual: fc.boolean(),
        residual: fc.boolean(),
        seed: fc.nat(),
        scale: fc.constantFrom(1e-3, 1, 100),
      }),
      ({ width, depth, seed, scale, ...rest }) => {
        const deep = (layers: number): QNetArchitecture => {
          const vectorDimensions = [...Array.from({ length: layers + 1 }, () => width), 1]
          return { ...rest, vectorDimensions, residualOnLast: rest.residual }
        }
        const { weights, documents } = pseudoRandomCase(deep(depth), seed, 8)
        const matrices = weights.matrices.map(matrix => matrix.map(value => value * scale))
        const bound = largestHalf(deep(depth), { ...weights, matrices }, magnitudeOf(documents))
        // The q-net up to there, with one of its values as the score.
        const one = Float32Array.from({ length: width }, (_, at) => Number(at === seed % width))
        const upTo = { matrices: [...matrices.slice(0, depth - 1), one], biases: weights.biases.slice(0, depth - 1) }
        for (const read of naiveScores(deep(depth - 1), upTo, documents)) assert(Math.abs(read) <= bound * (1 + 1e-6))
      },
    )
    fc.assert(property, { numRuns: casesOf({ usual: 100, thorough: 2_000 }) })
  })

  it('leaves six layers of width 768 to f16', () => {
    const architecture = publishedArchitecture(768, 6)
    assert(largestHalf(architecture, pseudoRandomWeights(architecture, 1), 10) <= largestHalfMax)
  })

  it('counts what a product gives', () => {
    const plain = { activation: 'relu', layerNormBeforeResidual: true, residual: false, residualOnLast: false } as const
    const weights = { matrices: [Float32Array.of(7), Float32Array.of(1)], biases: [Float32Array.of(100)] }
    assert.equal(largestHalf({ ...plain, layerNorm: true, vectorDimensions: [1, 1, 1] }, weights, 3), 121)
  })
})
