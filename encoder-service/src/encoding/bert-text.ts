import { z } from 'zod'

/** What of a `tokenizer.json` decides how BERT's text rules apply. */
export interface BertNormalizer {
  readonly lowercase: boolean
  readonly splitsChinese: boolean
  /** Whether words end at white space, so that a text can be cut there. */
  readonly splitsAtWhiteSpace: boolean
}

const bertTokenizerSchema = z.object({
  normalizer: z.object({
    type: z.literal('BertNormalizer'),
    lowercase: z.boolean().default(true),
    handle_chinese_chars: z.boolean().default(true),
  }),
  pre_tokenizer: z.object({ type: z.string() }).nullable(),
  added_tokens: z.array(z.object({ content: z.string() })).default([]),
})

/** The text rules of a BERT tokenizer; undefined for one of another family. */
export function readBertNormalizer(tokenizerJson: unknown): BertNormalizer | undefined {
  const parsed = bertTokenizerSchema.safeParse(tokenizerJson)
  if (!parsed.success) return undefined
  const { normalizer, pre_tokenizer, added_tokens } = parsed.data
  const spaced = added_tokens.some(token => /\s/.test(token.content))
  return {
    lowercase: normalizer.lowercase,
    splitsChinese: normalizer.handle_chinese_chars,
    splitsAtWhiteSpace: pre_tokenizer?.type === 'BertPreTokenizer' && !spaced,
  }
}

/** CJK ideographs outside the basic plane, in the blocks that BERT splits at. */
const astralChinese = /[\u{20000}-\u{2a6df}\u{2a700}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu

/**
 * Evens out two differences between the JavaScript tokenizers package and the reference library, which models are
 * trained with: JavaScript lower-cases a capital sigma by its place in the word, and the package sees no ideographs
 * outside the basic plane.
 */
export function prepareBertText(text: string, rules: BertNormalizer): string {
  const lowered = rules.lowercase ? text.replaceAll('Σ', 'σ') : text
  return rules.splitsChinese ? lowered.replace(astralChinese, ' $& ') : lowered
}
