export interface Viewed {
  /** Where the list begins, below the top of what can be seen; negative once it is scrolled past. */
  readonly top: number
  /** How high what can be seen is. */
  readonly height: number
  /** Where each row begins in the list, ascending, and behind the last where the list ends. */
  readonly tops: readonly number[]
}

export interface RowRange {
  readonly first: number
  /** Behind the last. */
  readonly end: number
}

/** Rows drawn before and behind those that can be seen, so that scrolling shows no gaps. */
const aroundRows = 8

/** The rows of a list that are drawn. */
export function visibleRange({ top, height, tops }: Viewed): RowRange {
  const count = tops.length - 1
  const first = countAtMost(tops, -top) - 1 - aroundRows
  const end = countAtMost(tops, height - top) + aroundRows
  return { first: Math.min(Math.max(0, first), count), end: Math.min(Math.max(0, end), count) }
}

/** Of rows of one height. */
export function evenTops(count: number, rowHeight: number): readonly number[] {
  return Array.from({ length: count + 1 }, (_, at) => at * rowHeight)
}

/** Of rows of these heights. */
export function topsOf(heights: readonly number[]): readonly number[] {
  const tops = [0]
  for (const height of heights) tops.push(tops.at(-1)! + height)
  return tops
}

/** How many of ascending numbers are at most this one. */
function countAtMost(numbers: readonly number[], most: number): number {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (numbers[middle]! <= most) low = middle + 1
    else high = middle
  }
  return low
}
