import type { ComponentChildren } from 'preact'
import { useMemo, useRef } from 'preact/hooks'
import { useVisibleRange } from './use-visible-range.ts'
import { evenTops } from './visible-range.ts'

export interface VirtualListProps {
  /** What the list is of, for who does not see it. */
  readonly label: string
  readonly count: number
  /** Of each row, in pixels: what is higher is cut off. Of rows of several heights, where each begins and the last ends. */
  readonly rowHeight: number | readonly number[]
  readonly row: (at: number) => ComponentChildren
  /** What stays the same of a row when rows move; its place when left out. */
  readonly keyOf?: (at: number) => string
}

/** A list that is no longer is in the page whole: it can be printed, and searched by the browser. */
const wholeRowsMax = 50

/** A list of any length; of a long one only what can be seen is in the page. */
export function VirtualList({ label, count, rowHeight, row, keyOf }: VirtualListProps) {
  const frame = useRef<HTMLOListElement>(null)
  const tops = useMemo(
    () => (typeof rowHeight === 'number' ? evenTops(count, rowHeight) : rowHeight),
    [count, rowHeight],
  )
  const seen = useVisibleRange({ frame, tops })
  const { first, end } = count > wholeRowsMax ? seen : { first: 0, end: count }
  const places = Array.from({ length: end - first }, (_, at) => first + at)
  return (
    <ol class="virtual" ref={frame} aria-label={label} style={{ height: `${tops[count]}px` }}>
      {places.map(at => (
        <li
          key={keyOf?.(at) ?? at}
          aria-setsize={count}
          aria-posinset={at + 1}
          style={{ top: `${tops[at]}px`, height: `${tops[at + 1]! - tops[at]!}px` }}
        >
          {row(at)}
        </li>
      ))}
    </ol>
  )
}
