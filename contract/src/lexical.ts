import { z } from 'zod'
import type { Immutable } from './immutable.ts'
import { hitsMax } from './limits.ts'
import { analyzers, fusions, hybridDefaults } from './vocabulary.ts'

export { analyzers, fusions, hybridDefaults }

export type AnalyzerName = (typeof analyzers)[number]

/** Of an index that is searched by words too. */
export const lexicalSchema = z.strictObject({
  analyzer: z
    .enum(analyzers)
    .describe('How texts become words: `simple`, or a language whose inflected forms count as one word.'),
})

export type LexicalSettings = Readonly<z.output<typeof lexicalSchema>>

/** How a search joins the order of the q-net with that of words. */
export const hybridSchema = z.strictObject({
  fusion: z
    .enum(fusions)
    .default(hybridDefaults.fusion)
    .describe(
      'convex: the scores of either kind, brought to 0 to 1, added by weight. reciprocal_rank: by their ranks alone.',
    ),
  lexical: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      `With \`convex\`: the weight of words; the q-net has the rest. ${hybridDefaults.lexical} when not given.`,
    ),
  candidates: z
    .int()
    .min(1)
    .max(hitsMax)
    .default(hybridDefaults.candidates)
    .describe(
      'How many of the best of either kind are joined; never fewer than a page has. There are no hits beyond them.',
    ),
})

/** As the request has it, with its defaults. */
export type HybridOptions = Immutable<z.output<typeof hybridSchema>>
