import { atMost, type Bar } from '../load/bars.ts'
import { ratioOf, type WindowFigures } from '../load/measure/window-figures.ts'

export const idleWindow = 'idle'

/** No search fails, comes back partial or is wrong, in any window. */
export function noneFailed(what: string, windows: readonly WindowFigures[]): Bar {
  return atMost(`${what}: searches that failed`, sumOf(windows), 0)
}

/** How much slower the slowest searches of a window are than those of the idle one; null where either has none. */
export function p99Ratio(windows: readonly WindowFigures[], window: string): number | null {
  const p99Of = (name: string) => windows.find(figures => figures.window === name)?.p99Ms ?? null
  return ratioOf(p99Of(window), p99Of(idleWindow))
}

/** Failures of a kind that may not come about. */
export function noneBut(what: string, windows: readonly WindowFigures[], allowed: readonly string[]): Bar {
  const others = windows.flatMap(({ errors }) =>
    Object.entries(errors).flatMap(([code, count]) => (allowed.includes(code) ? [] : [count])),
  )
  const names = allowed.join(' or ')
  return atMost(
    `${what}: answers that are neither whole nor ${names}`,
    others.reduce((sum, count) => sum + count, 0),
    0,
  )
}

function sumOf(windows: readonly WindowFigures[]): number {
  return windows.reduce((sum, { failed }) => sum + failed, 0)
}
