/** The fields of an index that searches can filter by. */
import { z } from 'zod'
import { fieldTypes } from './vocabulary.ts'

export { fieldTypes }

export type FieldType = (typeof fieldTypes)[number]

/** Keys joined by dots, each of letters, digits, `_` and `-`; not a document's own keys. `meta.year` is `year` in `meta`. */
const fieldNamePattern =
  /^(?=.{1,64}$)(?!(?:id|_id|_op|_if_version|title|text|__proto__)(?:\.|$))[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/

/** What the pattern says, for messages. */
const fieldNameRule =
  'a field is named by 1 to 64 of a-z A-Z 0-9 _ -, with dots between the keys of nested objects (meta.year), and not ' +
  'id, title, text, _id, _op or _if_version'

const fieldsMax = 64

/** `list`: a document may have several values, as a JSON array. */
const fieldSchema = z.strictObject({ type: z.enum(fieldTypes), list: z.boolean().default(false) })

export const fieldsSchema = z
  .record(z.string().regex(fieldNamePattern, fieldNameRule), fieldSchema)
  .refine(fields => Object.keys(fields).length <= fieldsMax, `must be at most ${fieldsMax} fields`)

export type Field = Readonly<z.output<typeof fieldSchema>>

/** By name. */
export type Fields = Readonly<Record<string, Field>>
