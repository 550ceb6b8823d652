import { z } from 'zod'
import type { Immutable } from './immutable.ts'

export const count = z.int().min(0)

export const milliseconds = z.number().min(0)

/** A model as everything that was made with it names it. */
export const modelReferenceSchema = z.object({ name: z.string(), digest: z.string() })

export type ModelReference = Immutable<z.output<typeof modelReferenceSchema>>
