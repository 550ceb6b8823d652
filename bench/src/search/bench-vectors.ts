import assert from 'node:assert/strict'
import { open } from 'node:fs/promises'

const bytesPerRead = 64 * 1024 ** 2
/** Of a noisy copy: the length of the noise beside the vector's. Their cosine is about 0.96. */
const noiseLength = 0.3

/** At most the first `rowsMax` of a file of vectors: f32, little-endian, row-major, without a header. */
export async function readVectors(path: string, width: number, rowsMax: number): Promise<Float32Array> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    assert.equal(size % (width * 4), 0, `${path} is no whole number of f32 vectors of width ${width}`)
    const bytes = new Uint8Array(Math.min(size, rowsMax * width * 4))
    for (let at = 0; at < bytes.length; ) {
      at += (await file.read(bytes, at, Math.min(bytesPerRead, bytes.length - at), at)).bytesRead
    }
    return new Float32Array(bytes.buffer)
  } finally {
    await file.close()
  }
}

/**
 * The first `rows` vectors; where there are fewer, copies of them with Gaussian-like noise, of length 1 again. Copies crowd
 * round their originals, so that the best ten lie closer together than in a real corpus of that size.
 */
export function enlarge(vectors: Float32Array, width: number, rows: number): Float32Array {
  const enlarged = new Float32Array(rows * width)
  enlarged.set(vectors.subarray(0, rows * width))
  let state = 1
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  // A sum of two uniform numbers less their mean has variance 1/6.
  const spread = noiseLength * Math.sqrt(6 / width)
  for (let at = vectors.length; at < enlarged.length; at += width) {
    const copy = enlarged.subarray(at, at + width)
    const source = at % vectors.length
    let squares = 0
    for (let dimension = 0; dimension < width; dimension++) {
      copy[dimension] = vectors[source + dimension]! + spread * (uniform() + uniform() - 1)
      squares += copy[dimension]! ** 2
    }
    const length = Math.sqrt(squares)
    for (let dimension = 0; dimension < width; dimension++) copy[dimension]! /= length
  }
  return enlarged
}
