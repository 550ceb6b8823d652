/** How much of its texts a model could read: what its tokenizer's vocabulary lacks becomes one unknown token. */

import { expectFormat } from '@hypershard/common'
import { z } from 'zod'

/** Of one document. A text that the model reads the beginning of has the tokens of that beginning. */
export interface TextRead {
  /** Without those that the tokenizer puts around every text. */
  readonly tokens: number
  /** Of these, the ones that the vocabulary does not have. */
  readonly unknown: number
  /** The text went on after these; left out where it did not, and where no encoder told it. */
  readonly cutOff?: boolean | undefined
}

const count = z.int().min(0)

/** Of the documents of a segment whose encoder told it. */
export const segmentReadSchema = z.strictObject({ tokens: count, unknown: count, unreadable: count })

export type SegmentRead = Readonly<z.output<typeof segmentReadSchema>>

export const nothingRead: SegmentRead = Object.freeze({ tokens: 0, unknown: 0, unreadable: 0 })

/**
 * Whether a document's vector says next to nothing of it: half of its tokens or more are unknown, or there are none at
 * all, as in a text of control characters.
 */
export function isUnreadable({ tokens, unknown }: TextRead): boolean {
  return tokens === 0 || 2 * unknown >= tokens
}

/** @param read undefined where no encoder told it */
export function addRead(sum: SegmentRead, read: TextRead | undefined): SegmentRead {
  if (read === undefined) return sum
  const unreadable = sum.unreadable + (isUnreadable(read) ? 1 : 0)
  return { tokens: sum.tokens + read.tokens, unknown: sum.unknown + read.unknown, unreadable }
}

/**
 * As `documents.arrow` has it: `unknown/tokens`, or nothing where no encoder told it. Of a text that went on after these, the
 * tokens begin with a zero, which versions before read as the same number.
 */
export function encodeTextRead(read: TextRead | undefined): string {
  return read === undefined ? '' : `${read.unknown}/${read.cutOff ? '0' : ''}${read.tokens}`
}

/** @throws FormatError */
export function decodeTextRead(text: string): TextRead | undefined {
  if (text === '') return undefined
  const [, unknown, tokens] = /^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? []
  expectFormat(unknown !== undefined && tokens !== undefined, `\`${text}\` is no share of unknown tokens`)
  const cutOff = tokens.length > 1 && tokens.startsWith('0')
  return { tokens: Number(tokens), unknown: Number(unknown), ...(cutOff && { cutOff }) }
}
