import { z } from 'zod'
import { count } from './basic-schemas.ts'
import { analyzers } from './lexical.ts'
import { highlightedHitsMax, highlightFragmentsMax, highlightLengthMax, highlightLengthMin } from './limits.ts'
import { highlightDefaults } from './vocabulary.ts'

/** Asks for the sentences of each hit's text that have the words of the query. */
export const highlightSchema = z.strictObject({
  fragments: z
    .int()
    .min(1)
    .max(highlightFragmentsMax)
    .default(highlightDefaults.fragments)
    .describe('How many sentences of a text at most, the best first.'),
  length: z
    .int()
    .min(highlightLengthMin)
    .max(highlightLengthMax)
    .default(highlightDefaults.length)
    .describe('Characters of a sentence at most; of a longer one the best part is given.'),
  analyzer: z
    .enum(analyzers)
    .optional()
    .describe("How texts become words; the index's own when not given, and `simple` where it keeps none."),
})

/** As the request has it, with its defaults. */
export type HighlightOptions = Readonly<z.output<typeof highlightSchema>>

export const highlightDescription =
  "Give the best sentences of each hit's text by the words of `query`, and where these stand. Of a page of at most " +
  `${highlightedHitsMax} hits, with their texts.`

const rangeSchema = z.object({
  begin: count.describe('In `text` of the hit, in code points.'),
  end: count.describe('The code point after the last.'),
})

export const highlightOfHitSchema = z.object({
  fragments: z
    .array(
      rangeSchema.extend({
        text: z.string(),
        marks: z
          .array(rangeSchema)
          .describe('The words of the query within, in order, by their place in `text` of the hit.'),
      }),
    )
    .describe('The best first; none of a text that has no word of the query.'),
  partial: z.boolean().describe('Whether the text is longer than what is read of it for this.'),
})
