import { toCodePoints } from '@hypershard/common'
import { passagesOfDocumentMax } from '@hypershard/proto/limits'
import { joinDocument } from '../encoding/join-document.ts'
import type { TextTokenizer } from '../encoding/tokenizer.ts'
import { cutText } from './cut-text.ts'

export interface DocumentToCut {
  readonly title: string
  readonly text: string
}

/** A document's passages: passage i is of `begins[i]` to before `ends[i]`, in code points of its text. */
export interface CutDocument {
  readonly begins: number[]
  readonly ends: number[]
  /** The first passage is the title alone, of no text; the others are without it. */
  readonly titleApart: boolean
  readonly cutOff: boolean
}

export interface CutBy {
  readonly tokenizer: Pick<TextTokenizer, 'tokenize'>
  /** That the model reads of one text, special ones included. */
  readonly tokensMax: number
  readonly overlap: number
}

/** A title with a larger share of what the model reads would leave its passages too little room. */
const titleShareMax = 0.5

/**
 * Each passage is to be encoded after the title, as a short document is: one that the model reads whole is one passage, and
 * its vector is the same as if nothing had been cut.
 */
export function cutDocument({ title, text }: DocumentToCut, { tokenizer, tokensMax, overlap }: CutBy): CutDocument {
  const room = tokensMax - tokenizer.tokenize('', tokensMax).ids.length
  // A token more than there is room for tells that a text goes on.
  const tokensOf = (part: string) => tokenizer.tokenize(part, tokensMax + 1).textTokens
  // Most are: they are tokenised this once.
  if (tokensOf(joinDocument({ title, text })) <= room) return wholeDocument(text)
  const titleApart = tokensOf(title) > room * titleShareMax
  const ownTitle = titleApart ? '' : title
  const tokensLeft = room - tokensOf(ownTitle)
  const { ranges, isCutOff } = cutText(text, {
    tokensOf,
    tokensMax: Math.max(1, tokensLeft),
    overlapTokens: Math.floor(tokensLeft * overlap),
    passagesMax: titleApart ? passagesOfDocumentMax - 1 : passagesOfDocumentMax,
  })
  const own = titleApart ? [{ begin: 0, end: 0 }, ...ranges.filter(({ begin, end }) => end > begin)] : ranges
  return {
    begins: toCodePoints(
      text,
      own.map(({ begin }) => begin),
    ),
    ends: toCodePoints(
      text,
      own.map(({ end }) => end),
    ),
    titleApart,
    cutOff: isCutOff,
  }
}

function wholeDocument(text: string): CutDocument {
  const first = text.length - text.trimStart().length
  const [begin, end] = toCodePoints(text, [first, Math.max(first, text.trimEnd().length)])
  return { begins: [begin!], ends: [end!], titleApart: false, cutOff: false }
}
