import stringWidth from 'string-width'

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Columns that a text takes in a terminal: two for wide characters, none for combining ones. */
export function widthOf(text: string): number {
  return stringWidth(text)
}

/**
 * A text from outside on one line, harmless to a terminal: control characters, escape sequences and what turns the
 * writing direction become spaces, and runs of spaces become one.
 */
export function toPlainLine(text: string): string {
  return toPlainPart(text).trim()
}

/** The same of a part of a line, with the spaces around it. */
export function toPlainPart(text: string): string {
  return text.replace(/[\p{Cc}\p{Zs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ')
}

/** The text, or as much of its beginning as fits, ended by an ellipsis. Whole characters only. */
export function shorten(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  if (width < 1) return ''
  return `${takeWidth(text, width - 1).trimEnd()}…`
}

/** The text with spaces up to a width, on the right or, for numbers, on the left. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const spaces = ' '.repeat(Math.max(0, width - widthOf(text)))
  return align === 'left' ? text + spaces : spaces + text
}

/** The first lines of a text broken between words; the last is shortened when more would follow. */
export function wrap(text: string, width: number, linesMax: number): string[] {
  const lines: string[] = []
  let rest = text
  while (rest !== '') {
    if (lines.length === linesMax - 1 || widthOf(rest) <= width) return [...lines, shorten(rest, width)]
    const line = takeLine(rest, width)
    lines.push(line.trimEnd())
    rest = rest.slice(line.length).trimStart()
  }
  return lines
}

/** What fits, up to the last space if there is one; at least one character, so that a loop over it ends. */
function takeLine(text: string, width: number): string {
  const fitting = takeWidth(text, width)
  if (text[fitting.length] === ' ') return fitting
  const space = fitting.lastIndexOf(' ')
  if (space > 0) return fitting.slice(0, space)
  return fitting !== '' ? fitting : firstGrapheme(text)
}

function firstGrapheme(text: string): string {
  for (const { segment } of graphemes.segment(text)) return segment
  return text
}

function takeWidth(text: string, width: number): string {
  let taken = ''
  let takenWidth = 0
  for (const { segment } of graphemes.segment(text)) {
    takenWidth += widthOf(segment)
    if (takenWidth > width) break
    taken += segment
  }
  return taken
}
