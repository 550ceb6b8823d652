import { beginningOf, visibleText } from './visible-text.ts'

export interface ShownProps {
  readonly text: string
  /** How much of it is shown; all of it when left out. */
  readonly max?: number
}

/**
 * Any text of somebody else's, on one line or several: as text, in its own direction of writing, which does not turn what
 * stands beside it.
 */
export function Shown({ text, max }: ShownProps) {
  const part = max === undefined ? text : beginningOf(text, max)
  return <bdi dir="auto">{visibleText(part)}</bdi>
}
