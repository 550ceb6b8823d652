import { z } from 'zod'

/**
 * How texts and queries become words. `simple` takes words as they are but for case and accents; the others also take a
 * word's inflected forms, in their language, for one.
 */
export const analyzers = [
  'simple',
  'english',
  'danish',
  'dutch',
  'finnish',
  'french',
  'german',
  'italian',
  'norwegian',
  'portuguese',
  'russian',
  'spanish',
  'swedish',
] as const

export type AnalyzerName = (typeof analyzers)[number]

/** Of an index that is searched by words too. */
export const lexicalSchema = z.strictObject({
  analyzer: z
    .enum(analyzers)
    .describe('How texts become words: `simple`, or a language whose inflected forms count as one word.'),
})

export type LexicalSettings = Readonly<z.output<typeof lexicalSchema>>
