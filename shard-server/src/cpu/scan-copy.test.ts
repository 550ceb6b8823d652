import assert from 'node:assert/strict'
import { pseudoRandomTensor } from '@hypershard/harness/qnets'
import fc from 'fast-check'
import { makeScanCopy, scanStretch, stretchRows, toScanQuery } from './scan-copy.ts'
import { vectorsInMemory } from './vector-rows.ts'

const width = 24

const value = fc.float({ min: -4, max: 4, noNaN: true })
const vector = fc.array(value, { minLength: width, maxLength: width })

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, term, at) => sum + term * b[at]!, 0)
}

describe('a copy of vectors for scanning', () => {
  it('gives inner products to within the rounding of both sides', () => {
    fc.assert(
      fc.property(fc.array(vector, { minLength: 1, maxLength: 40 }), vector, (rows, query) => {
        const vectors = Float32Array.from(rows.flat())
        const copy = makeScanCopy(vectorsInMemory(vectors, width))
        const scanQuery = toScanQuery(Float32Array.from(query), copy)!
        const scanned = scanStretch(copy.stretches[0]!, [scanQuery], rows.length)[0]!
        assert.equal(scanned.length, rows.length)
        const scaled = query.map((term, at) => Math.abs(term * copy.scales[at]!))
        // Half a step of each document value, and half a step of each query value times at most 127.
        const bound = scaled.reduce((sum, term) => sum + term / 2, 0) + (width * 127 * Math.max(...scaled)) / 254 + 1e-3
        for (const { row, product } of scanned) {
          const exact = dot(vectors.subarray(row * width, (row + 1) * width), query)
          assert.ok(Math.abs(product - exact) <= bound, `${product} for ${exact}, bound ${bound}`)
        }
        assert.deepEqual(
          scanned.map(({ product }) => product),
          scanned.map(({ product }) => product).toSorted((a, b) => b - a),
        )
      }),
    )
  })

  it('has a buffer for every stretch, and every row in one of them', () => {
    const rows = stretchRows + 3
    const vectors = Float32Array.from({ length: rows * 2 }, (_, at) => (at % 2 === 0 ? at / 2 / rows : 1))
    const copy = makeScanCopy(vectorsInMemory(vectors, 2))
    assert.deepEqual(
      copy.stretches.map(({ length, byteOffset }) => [length, byteOffset]),
      [
        [2 * stretchRows, 0],
        [6, 0],
      ],
    )
    const query = toScanQuery(Float32Array.of(1, 0), copy)!
    assert.deepEqual(
      scanStretch(copy.stretches[1]!, [query], 10)[0]!
        .map(({ row }) => row)
        .toSorted(),
      [0, 1, 2],
    )
    assert.ok(Math.abs(copy.mean[0]! - (rows - 1) / 2 / rows) < 1e-6)
  })

  it('gives several queries at once what each is given alone, ties included', () => {
    // Few different values, so that many products are equal.
    const vectors = pseudoRandomTensor(1, 900 * width, 1).map(term => Math.round(term * 2))
    const copy = makeScanCopy(vectorsInMemory(vectors, width))
    const queries = [2, 3, 4, 5].map(seed => toScanQuery(pseudoRandomTensor(seed, width, 1).map(Math.round), copy)!)
    const alone = queries.map(query => scanStretch(copy.stretches[0]!, [query], 50)[0]!)
    assert.deepEqual(scanStretch(copy.stretches[0]!, queries, 50), alone)
    assert.deepEqual(
      scanStretch(copy.stretches[0]!, queries, 0),
      queries.map(() => []),
    )
  })

  it('takes what is not finite for 0, and refuses a query that is not', () => {
    const copy = makeScanCopy(vectorsInMemory(Float32Array.of(Number.NaN, 2, Number.POSITIVE_INFINITY, -1), 2))
    assert.deepEqual(
      [...copy.stretches[0]!],
      [0, 127, 0, -64].map(byte => byte + 0),
    )
    assert.equal(toScanQuery(Float32Array.of(0, Number.NaN), copy), undefined)
    assert.equal(toScanQuery(Float32Array.of(0, Number.POSITIVE_INFINITY), copy), undefined)
    assert.deepEqual([...toScanQuery(Float32Array.of(5, 0), copy)!.bytes], [0, 0])
  })
})
