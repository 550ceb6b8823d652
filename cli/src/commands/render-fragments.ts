import { fromCodePoints } from '@hypershard/common'
import type { Hit } from '@hypershard/contract'
import { toPlainPart, wrap } from '../terminal/fit-text.ts'
import type { Output } from '../terminal/terminal.ts'

/** Control characters that take no column stand around a mark while lines are broken; no text has any of its own left. */
const opening = '\u0001'
const closing = '\u0002'

type Fragment = NonNullable<Hit['highlight']>['fragments'][number]

/** The highlights of a hit, each on lines of its own, the words of the query in bold. None of a hit without any. */
export function renderFragments(
  { highlight }: Hit,
  { output, width, linesMax }: { readonly output: Output; readonly width: number; readonly linesMax: number },
): string[] {
  return (highlight?.fragments ?? []).flatMap(fragment => styled(wrap(marked(fragment), width, linesMax), output))
}

function marked({ begin, text, marks }: Fragment): string {
  const units = fromCodePoints(
    text,
    marks.flatMap(mark => [mark.begin - begin, mark.end - begin]),
  )
  const parts = [0, ...units].map((unit, at) => toPlainPart(text.slice(unit, units[at])))
  return parts.map((part, at) => (at === 0 ? part : (at % 2 === 1 ? opening : closing) + part)).join('')
}

/** A mark may go on on the next line. */
function styled(lines: readonly string[], output: Output): string[] {
  let isMark = false
  const style = (part: string) => {
    if (part !== opening && part !== closing) return part && output.style(isMark ? 'bold' : 'dim', part)
    isMark = part === opening
    return ''
  }
  return lines.map(line =>
    line
      .split(/(\p{Cc})/u)
      .map(style)
      .join(''),
  )
}
