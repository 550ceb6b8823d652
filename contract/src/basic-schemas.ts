import { z } from 'zod'
import type { Immutable } from './immutable.ts'
import { cursorCharactersMax } from './limits.ts'

export const count = z.int().min(0)

export const milliseconds = z.number().min(0)

/** Where the page before has ended, of hits or of documents. */
export const cursorSchema = z
  .string()
  .min(1)
  .max(cursorCharactersMax)
  .optional()
  .describe('`next_cursor` of the answer before: the page after it, of the same manifest version.')

/** A model as everything that was made with it names it. */
export const modelReferenceSchema = z.object({ name: z.string(), digest: z.string() })

export type ModelReference = Immutable<z.output<typeof modelReferenceSchema>>
