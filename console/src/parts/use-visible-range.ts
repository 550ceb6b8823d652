import type { RefObject } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'
import { type RowRange, visibleRange } from './visible-range.ts'

export interface UseVisibleRangeOptions {
  /** What the rows stand in; its top is the first row's. */
  readonly frame: RefObject<HTMLElement>
  /** Where each row begins in it, and where the last ends; the same array while nothing of that changes. */
  readonly tops: readonly number[]
}

/** The rows of a list in the page that are drawn; it follows whatever scrolls, and does nothing while nothing does. */
export function useVisibleRange({ frame, tops }: UseVisibleRangeOptions): RowRange {
  const count = tops.length - 1
  const [range, setRange] = useState<RowRange>({ first: 0, end: Math.min(count, 30) })
  useLayoutEffect(() => {
    const look = () => {
      if (frame.current === null) return
      const { top } = frame.current.getBoundingClientRect()
      const next = visibleRange({ top, height: innerHeight, tops })
      setRange(now => (now.first === next.first && now.end === next.end ? now : next))
    }
    look()
    // Also of boxes that scroll inside the page: such an event does not bubble.
    document.addEventListener('scroll', look, { passive: true, capture: true })
    const watching = new ResizeObserver(look)
    watching.observe(document.body)
    return () => {
      document.removeEventListener('scroll', look, { capture: true })
      watching.disconnect()
    }
  }, [frame, tops])
  return { first: Math.min(range.first, count), end: Math.min(range.end, count) }
}
