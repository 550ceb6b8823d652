/** Where the arrow keys lead on a map: to the nearest point that lies that way. */

export interface Placed {
  readonly x: number
  readonly y: number
}

export type ArrowKey = 'ArrowUp' | 'ArrowDown' | 'ArrowLeft' | 'ArrowRight'

const ways: Readonly<Record<ArrowKey, Placed>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: 1 },
  ArrowDown: { x: 0, y: -1 },
}

export function isArrowKey(key: string): key is ArrowKey {
  return Object.hasOwn(ways, key)
}

/**
 * The nearest of the points that lie within 60° of the key's way, what is beside the way counting twice; where a point
 * lies on another, the later one. y grows upwards.
 * @returns the place where one is, where nothing lies that way
 */
export function steer(points: readonly Placed[], from: number, key: ArrowKey): number {
  const way = ways[key]
  const start = points[from]
  if (start === undefined) return from
  let best = from
  let least = Number.POSITIVE_INFINITY
  for (const [at, point] of points.entries()) {
    if (at === from) continue
    const [x, y] = [point.x - start.x, point.y - start.y]
    const along = x * way.x + y * way.y
    const aside = Math.abs(x * way.y - y * way.x)
    if (along <= 0 || aside > Math.tan(Math.PI / 3) * along) continue
    const cost = along + 2 * aside
    if (cost < least) {
      least = cost
      best = at
    }
  }
  return best
}
