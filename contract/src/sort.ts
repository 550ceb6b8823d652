import { z } from 'zod'
import type { Immutable } from './immutable.ts'
import { sortFieldsMax } from './limits.ts'
import { sortOrders } from './vocabulary.ts'

export const sortSchema = z
  .array(
    z.strictObject({
      field: z.string().describe('One of the fields of the index.'),
      order: z.enum(sortOrders).default('asc'),
    }),
  )
  .min(1)
  .max(sortFieldsMax)
  .describe(
    'The order of hits: by these fields, then by score and id. Documents without a value come last, both ways; of one with ' +
      'several the smallest counts, or the largest with `desc`. Every document is scored (plan exact).',
  )

/** Of a request. */
export type Sort = Immutable<z.output<typeof sortSchema>>
