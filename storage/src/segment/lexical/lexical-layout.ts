/** The tensors of `lexical.safetensors`, as writer and reader agree on them. docs/formats/segment.md. */
import type { Tensor } from '@hypershard/common'

/** How large each part of a segment's lexical index is. */
export interface LexicalSizes {
  readonly documents: number
  readonly terms: number
  readonly termBytes: number
  readonly postingBytes: number
  readonly positionBytes: number
}

export const lexicalTensorNames = [
  'lengths',
  'document_counts',
  'term_ends',
  'posting_ends',
  'position_ends',
  'term_bytes',
  'postings',
  'positions',
] as const

export type LexicalTensorName = (typeof lexicalTensorNames)[number]

/** Between the last word of a title and the first of its text, so that no phrase runs from one into the other. */
export const titleGap = 100

/** Arrays of numbers come first, so that each begins at a multiple of its values' size. */
export function lexicalTensors(sizes: LexicalSizes): ReadonlyMap<LexicalTensorName, Tensor> {
  const { documents, terms, termBytes, postingBytes, positionBytes } = sizes
  return new Map<LexicalTensorName, Tensor>([
    ['lengths', { dtype: 'U32', shape: [documents] }],
    ['document_counts', { dtype: 'U32', shape: [terms] }],
    ['term_ends', { dtype: 'U32', shape: [terms] }],
    ['posting_ends', { dtype: 'U32', shape: [terms] }],
    ['position_ends', { dtype: 'U32', shape: [terms] }],
    ['term_bytes', { dtype: 'U8', shape: [termBytes] }],
    ['postings', { dtype: 'U8', shape: [postingBytes] }],
    ['positions', { dtype: 'U8', shape: [positionBytes] }],
  ])
}
