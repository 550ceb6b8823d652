import type { FieldValue } from '@hypershard/proto/search'
import type { ExactValue, FieldType } from '@hypershard/storage'

/** A field's exact value: an integer that no double is goes as its numeral. */
export function valueMessage(type: FieldType, value: ExactValue): FieldValue {
  return { kind: kindOf(type, value) }
}

function kindOf(type: FieldType, value: ExactValue): FieldValue['kind'] {
  if (type === 'date') return { $case: 'date', value: new Date(Number(value)).toISOString() }
  if (type === 'boolean') return { $case: 'boolean', value: value === 1 }
  if (typeof value === 'bigint') return { $case: 'integer', value: String(value) }
  return typeof value === 'string' ? { $case: 'keyword', value } : { $case: 'number', value }
}
