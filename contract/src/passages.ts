import { z } from 'zod'
import { passageOverlapMax } from './limits.ts'

/** What holds for passages that are asked for without saying it. */
export const passageDefaults = { overlap: 0.125 } as const

/** How an index cuts long texts. */
export const passagesSchema = z.strictObject({
  overlap: z
    .number()
    .min(0)
    .max(passageOverlapMax)
    .default(passageDefaults.overlap)
    .describe('The share of a passage that the next one may repeat, in whole sentences.'),
})

export type Passages = Readonly<z.output<typeof passagesSchema>>
