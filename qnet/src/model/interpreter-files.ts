import { z } from 'zod'
import { fileFactsSchema, fileName } from './model-schema.ts'

export const interpreterFormat = 'hypershard.interpreter/1'

/** `interpreter.json`, beside `model.json`: docs/formats/model.md describes every member, and others are refused. */
export const interpreterSchema = z
  .strictObject({
    format: z.literal(interpreterFormat),
    source: z.string().max(1000),
    encoder: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lowercase hex digits'),
    threshold: z.number().gt(0).max(1),
    file: fileFactsSchema.extend({ name: fileName }),
  })
  .readonly()

export type InterpreterSettings = z.output<typeof interpreterSchema>

/** What finds the pieces of a query in its token states, verified as the model's own files are. */
export interface InterpreterFiles {
  readonly settings: InterpreterSettings
  readonly graph: Uint8Array
}
