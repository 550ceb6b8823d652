/** NaN where one of them has no direction. */
export function cosineOf(left: Float32Array, right: Float32Array): number {
  const product = left.reduce((sum, value, at) => sum + value * right[at]!, 0)
  return product / (lengthOf(left) * lengthOf(right))
}

function lengthOf(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
}
