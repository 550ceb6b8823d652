import type { Placed } from './steer.ts'

/** Where points are drawn. */
export interface Frame {
  readonly width: number
  readonly height: number
  /** Kept free at each side. */
  readonly margin: number
}

/** Points in a frame, as large as they fit, both ways on one scale: distances are to be compared. y grows downwards there. */
export function placePoints(points: readonly Placed[], { width, height, margin }: Frame): Placed[] {
  const [left, right] = rangeOf(points.map(({ x }) => x))
  const [low, high] = rangeOf(points.map(({ y }) => y))
  const room = (side: number, length: number) => (length > 0 ? (side - 2 * margin) / length : Number.POSITIVE_INFINITY)
  const fitting = Math.min(room(width, right - left), room(height, high - low))
  const scale = Number.isFinite(fitting) ? fitting : 1
  return points.map(({ x, y }) => ({
    x: width / 2 + scale * (x - (left + right) / 2),
    y: height / 2 - scale * (y - (low + high) / 2),
  }))
}

/** How many colours there are, `map-1` to this. */
export const coloursCount = 7

/** Of each value its colour, from 1 for the smallest to `coloursCount`; evenly over the range of the values. */
export function coloursOf(values: readonly number[]): number[] {
  const [low, high] = rangeOf(values)
  return values.map(value => {
    const share = high > low ? (value - low) / (high - low) : 1
    return Math.min(coloursCount, 1 + Math.floor(share * coloursCount))
  })
}

export function rangeOf(values: readonly number[]): [number, number] {
  if (values.length === 0) return [0, 0]
  return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))]
}
