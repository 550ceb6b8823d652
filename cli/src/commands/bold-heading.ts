import type { Output } from '../terminal/terminal.ts'

/** A table's lines with its heading in bold. */
export function boldHeading([heading = '', ...rows]: readonly string[], output: Output): string[] {
  return [output.style('bold', heading), ...rows]
}
