import type { fieldValueSchema } from '@hypershard/contract'
import type { ExactValue, FieldType } from '@hypershard/storage'
import type { z } from 'zod'

/** A field's exact value as JSON has it: an integer with all its digits, also where no double holds them. */
export function fieldValueJson(type: FieldType, value: ExactValue): z.input<typeof fieldValueSchema> {
  if (type === 'date') return new Date(Number(value)).toISOString()
  if (type === 'boolean') return value === 1
  // The numeral is written as it is. To the schema it is a number, which JSON does not bound.
  if (typeof value === 'bigint') return JSON.rawJSON(String(value)) as unknown as number
  return value
}
