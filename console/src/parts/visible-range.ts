export interface Viewed {
  /** Where the list begins, below the top of what can be seen; negative once it is scrolled past. */
  readonly top: number
  /** How high what can be seen is. */
  readonly height: number
  readonly rowHeight: number
  readonly count: number
}

export interface RowRange {
  readonly first: number
  /** Behind the last. */
  readonly end: number
}

/** Rows drawn before and behind those that can be seen, so that scrolling shows no gaps. */
const aroundRows = 8

/** The rows of a list of equal ones that are drawn. */
export function visibleRange({ top, height, rowHeight, count }: Viewed): RowRange {
  const first = Math.floor(-top / rowHeight) - aroundRows
  const end = Math.ceil((height - top) / rowHeight) + aroundRows
  return { first: Math.min(Math.max(0, first), count), end: Math.min(Math.max(0, end), count) }
}
