import type { Hit } from '@hypershard/contract'

export type Fragment = NonNullable<Hit['highlight']>['fragments'][number]

export interface MarkedPart {
  readonly text: string
  /** Whether it is a word of the query. */
  readonly marked: boolean
}

/** A sentence in parts, of which every other is marked; the places that the API tells are code points of the hit's text. */
export function markedParts({ text, begin, marks }: Fragment): readonly MarkedPart[] {
  const points = [...text]
  const parts: MarkedPart[] = []
  let done = 0
  const add = (end: number, marked: boolean) => {
    if (end <= done) return
    parts.push({ text: points.slice(done, end).join(''), marked })
    done = end
  }
  for (const mark of marks) {
    add(mark.begin - begin, false)
    add(mark.end - begin, true)
  }
  add(points.length, false)
  return parts
}
