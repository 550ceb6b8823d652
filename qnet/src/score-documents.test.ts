import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { isThorough } from '@hypershard/harness'
import { naiveScores, pseudoRandomCase, pseudoRandomWeights, publishedArchitecture } from '@hypershard/harness/qnets'
import fc from 'fast-check'
import { activations, architectureKey, type QNetArchitecture, vectorWidth } from './architecture.ts'
import { blockRows, QNetScorer } from './score-documents.ts'
import { decodeWeights, encodeWeights } from './weights/weights-codec.ts'

interface ReferenceCase {
  name: string
  architecture: QNetArchitecture
  seed: number
  documents: number
  /** Computed by PyTorch in f64. */
  scores: number[]
}

const references: { cases: ReferenceCase[] } = JSON.parse(
  await readFile(new URL('../../test/fixtures/qnet/qnet-cases.json', import.meta.url), 'utf8'),
)

/** Largest error over a case's scores, relative to the largest score's magnitude. */
function relativeError(actual: ArrayLike<number>, expected: readonly number[]): number {
  const scale = Math.max(...expected.map(Math.abs))
  return Math.max(...expected.map((value, index) => Math.abs(actual[index]! - value) / scale))
}

/** Scores between which nothing is equal: a test over many documents, not over luck. */
function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length
  const [meanA, meanB] = [mean(a), mean(b)]
  let [ab, aa, bb] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    ab += (a[i]! - meanA) * (b[i]! - meanB)
    aa += (a[i]! - meanA) ** 2
    bb += (b[i]! - meanB) ** 2
  }
  return ab / Math.sqrt(aa * bb)
}

describe('QNetScorer', () => {
  const scorers = new Map<string, QNetScorer>()
  const scorerOf = (architecture: QNetArchitecture) => {
    const key = architectureKey(architecture)
    const scorer = scorers.get(key) ?? new QNetScorer(architecture)
    scorers.set(key, scorer)
    return scorer
  }
  after(() => scorers.clear())

  for (const width of [64, 384, 768]) {
    const cases = references.cases.filter(({ architecture }) => vectorWidth(architecture) === width)

    it(`agrees with PyTorch in fp32 within 1e-4 on ${cases.length} q-nets of width ${width}`, async () => {
      assert(cases.length > 20)
      for (const { name, architecture, seed, documents, scores } of cases) {
        const { weights, documents: vectors } = pseudoRandomCase(architecture, seed, documents)
        const scorer = await scorerOf(architecture).prepareFp32(weights)
        const error = relativeError(await scorer.score(vectors), scores)
        assert(error < 1e-4, `${name}: relative error ${error}`)
      }
    })
  }

  it('agrees with PyTorch on q-nets whose layers differ in width', async () => {
    const cases = references.cases.filter(({ architecture }) => ![64, 384, 768].includes(vectorWidth(architecture)))
    assert(cases.length >= 2)
    for (const { name, architecture, seed, documents, scores } of cases) {
      const { weights, documents: vectors } = pseudoRandomCase(architecture, seed, documents)
      const scorer = await scorerOf(architecture).prepareFp32(weights)
      assert(relativeError(await scorer.score(vectors), scores) < 1e-4, name)
    }
  })

  it('loses at most 2e-3 with f16 weights and 4e-2 with int8 weights, relative to the largest score', async () => {
    const cases = references.cases.filter((_, at) => isThorough() || at % 4 === 0)
    for (const { name, architecture, seed, documents, scores } of cases) {
      const { weights, documents: vectors } = pseudoRandomCase(architecture, seed, documents)
      for (const [precision, tolerance] of [
        ['f16', 2e-3],
        ['int8', 4e-2],
      ] as const) {
        const decoded = decodeWeights(architecture, encodeWeights(architecture, weights, precision), precision)
        const scorer = await scorerOf(architecture).prepareFp32(decoded)
        const error = relativeError(await scorer.score(vectors), scores)
        assert(error < tolerance, `${name} ${precision}: relative error ${error}`)
      }
    }
  })

  it('correlates above 0.99 with fp32 when it scores with int8 products', async () => {
    const rows = 256
    for (const [depth, width] of [
      [2, 64],
      [4, 384],
      [6, 768],
    ] as const) {
      // The activation makes no difference to the products of the largest.
      for (const activation of isThorough() || width < 768 ? activations : activations.slice(0, 1)) {
        const architecture = { ...publishedArchitecture(width, depth), activation }
        const { weights, documents } = pseudoRandomCase(architecture, 77, rows)
        const scorer = scorerOf(architecture)
        const exact = await (await scorer.prepareFp32(weights)).score(documents)
        const quantised = await (await scorer.prepareInt8(weights, documents)).score(documents)
        const agreement = correlation(exact, quantised)
        assert(agreement > 0.99, `depth ${depth}, width ${width}, ${activation}: correlation ${agreement}`)
      }
    }
  })

  it('agrees with the naive oracle on any architecture', async () => {
    const anyArchitecture = fc
      .record({
        width: fc.integer({ min: 1, max: 40 }),
        depth: fc.integer({ min: 0, max: 4 }),
        activation: fc.constantFrom(...activations),
        layerNorm: fc.boolean(),
        layerNormBeforeResidual: fc.boolean(),
        residual: fc.boolean(),
        residualOnLast: fc.boolean(),
      })
      .map(({ width, depth, ...rest }) => ({
        ...rest,
        residualOnLast: rest.residual && rest.residualOnLast,
        vectorDimensions: [...Array<number>(depth + 1).fill(width), 1],
      }))
    await fc.assert(
      fc.asyncProperty(anyArchitecture, fc.nat(), fc.integer({ min: 1, max: 20 }), async (architecture, seed, rows) => {
        const { weights, documents } = pseudoRandomCase(architecture, seed, rows)
        const expected = naiveScores(architecture, weights, documents)
        const scorer = await new QNetScorer(architecture).prepareFp32(weights)
        const scores = await scorer.score(documents)
        // Layer norm of a layer that is nearly constant divides rounding errors by sqrt(1e-5).
        for (const [row, score] of expected.entries()) {
          assert(Math.abs(scores[row]! - score) <= 2e-3 * (1 + Math.abs(score)), `row ${row}: ${scores[row]} ${score}`)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('gives a document the same bits wherever it stands', async () => {
    for (const [width, depth] of [
      [384, 2],
      [768, 1],
      [2048, 0],
      [3072, 0],
    ] as const) {
      const architecture = publishedArchitecture(width, depth)
      const { weights, documents } = pseudoRandomCase(architecture, 5, blockRows)
      const scorer = new QNetScorer(architecture)
      for (const precision of ['fp32', 'int8'] as const) {
        const sample = documents.subarray(0, 64 * width)
        const prepared = await (precision === 'fp32'
          ? scorer.prepareFp32(weights)
          : scorer.prepareInt8(weights, sample))
        const whole = await prepared.score(documents)
        for (const rows of [1, 2, 3, 5, 8, 16, 17, 31, 64, 100, 255, 511]) {
          for (const first of [0, 1, 7, 200]) {
            if (first + rows > blockRows) continue
            const part = await prepared.score(documents.subarray(first * width, (first + rows) * width))
            const place = `width ${width}, ${precision}: ${rows} rows from ${first}`
            assert.deepEqual(part, whole.slice(first, first + rows), place)
          }
        }
      }
    }
  })

  it('scores nothing as nothing', async () => {
    const architecture = publishedArchitecture(8, 0)
    const scorer = await new QNetScorer(architecture).prepareFp32(pseudoRandomWeights(architecture, 1))
    assert.equal((await scorer.score(new Float32Array(0))).length, 0)
  })
})
