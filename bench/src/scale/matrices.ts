import { randomWords } from '@hypershard/common'

import { createOnnxSession, floatOutput, GraphBuilder, type InferenceSession, Tensor } from '@hypershard/qnet'

/** f32, row-major [rows, columns]. */
export interface Matrix {
  readonly values: Float32Array
  readonly columns: number
}

export interface Products {
  /** a b */
  product(a: Matrix, b: Matrix): Promise<Matrix>
  /** a' b */
  transposedProduct(a: Matrix, b: Matrix): Promise<Matrix>
}

export async function openProducts(threads: number): Promise<Products> {
  const plain = await createOnnxSession(productGraph(0), { threads })
  const transposed = await createOnnxSession(productGraph(1), { threads })
  return { product: (a, b) => multiply(plain, a, b), transposedProduct: (a, b) => multiply(transposed, a, b) }
}

function productGraph(transA: 0 | 1): Uint8Array {
  const graph = new GraphBuilder('product')
  graph.input('a', 'float32', ['m', 'k'])
  graph.input('b', 'float32', ['n', 'o'])
  graph.node('Gemm', ['a', 'b'], 'product', { attributes: { transA } })
  graph.output('product', 'float32', ['p', 'q'])
  return graph.build()
}

async function multiply(session: InferenceSession, a: Matrix, b: Matrix): Promise<Matrix> {
  const outputs = await session.run({ a: tensorOf(a), b: tensorOf(b) })
  return { values: floatOutput(outputs, 'product'), columns: b.columns }
}

function tensorOf({ values, columns }: Matrix): Tensor {
  return new Tensor('float32', values, [values.length / columns, columns])
}

/** Row `row`, in place. */
export function rowOf({ values, columns }: Matrix, row: number): Float32Array {
  return values.subarray(row * columns, (row + 1) * columns)
}

export function transpose({ values, columns }: Matrix): Matrix {
  const rows = values.length / columns
  const transposed = new Float32Array(values.length)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) transposed[column * rows + row] = values[row * columns + column]!
  }
  return { values: transposed, columns: rows }
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!
  return sum
}

/** In place. */
export function toLengthOne(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector))
  for (let at = 0; at < vector.length; at++) vector[at]! /= length
  return vector
}

/** Orthonormal rows, [rows, columns], by Gram and Schmidt; rows <= columns. */
export function randomRotation(rows: number, columns: number, gaussian: () => number): Matrix {
  const rotation = { values: Float32Array.from({ length: rows * columns }, gaussian), columns }
  for (let row = 0; row < rows; row++) {
    const vector = rowOf(rotation, row)
    for (let before = 0; before < row; before++) {
      const other = rowOf(rotation, before)
      const share = dot(vector, other)
      for (let at = 0; at < columns; at++) vector[at]! -= share * other[at]!
    }
    toLengthOne(vector)
  }
  return rotation
}

/** The lower triangular F with F F' = `matrix`, which is symmetric; a pivot that is not positive counts as tiny. */
export function choleskyFactor({ values, columns: size }: Matrix): Matrix {
  const factor = new Float32Array(size * size)
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let rest = values[row * size + column]!
      for (let at = 0; at < column; at++) rest -= factor[row * size + at]! * factor[column * size + at]!
      factor[row * size + column] =
        row === column ? Math.sqrt(Math.max(rest, 1e-12)) : rest / factor[column * size + column]!
    }
  }
  return { values: factor, columns: size }
}

/** Pseudo-random numbers of a normal distribution, by Box and Muller. */
export function gaussianNumbers(seed: number): { uniform: () => number; gaussian: () => number } {
  const word = randomWords(seed >>> 0)
  // In (0, 1).
  const uniform = () => (word() + 0.5) / 2 ** 32
  let spare: number | undefined
  const gaussian = () => {
    if (spare !== undefined) {
      const value = spare
      spare = undefined
      return value
    }
    const length = Math.sqrt(-2 * Math.log(uniform()))
    const angle = 2 * Math.PI * uniform()
    spare = length * Math.sin(angle)
    return length * Math.cos(angle)
  }
  return { uniform, gaussian }
}
