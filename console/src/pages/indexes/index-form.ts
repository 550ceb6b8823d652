import type { AnalyzerName, FieldType, IndexRequest } from '@hypershard/contract'

export interface FieldRow {
  readonly name: string
  readonly type: FieldType
  readonly list: boolean
}

/** The form for a new index, as it is filled in. Empty texts are left out of the request. */
export interface IndexForm {
  readonly name: string
  /** A digest, `external`, or empty for the default. */
  readonly model: string
  /** Of vectors from outside. */
  readonly width: number | undefined
  readonly shards: number | undefined
  readonly replicas: number | undefined
  readonly fields: readonly FieldRow[]
  readonly passages: 'default' | 'off'
  /** Empty: no words are kept. */
  readonly analyzer: AnalyzerName | ''
}

export const emptyIndexForm: IndexForm = {
  name: '',
  model: '',
  width: undefined,
  shards: undefined,
  replicas: undefined,
  fields: [],
  passages: 'default',
  analyzer: '',
}

/** What keeps the form from being sent; undefined where nothing does. The coordinator checks everything else. */
export function faultOf({ name, model, width, fields }: IndexForm): string | undefined {
  if (name.trim() === '') return 'It needs a name.'
  if (model === 'external' && width === undefined) return 'Vectors from outside need a width.'
  const names = fields.map(field => field.name.trim())
  if (names.includes('')) return 'Every field needs a name.'
  const twice = names.find((one, at) => names.indexOf(one) !== at)
  return twice === undefined ? undefined : `There are two fields ${twice}.`
}

export function requestOf({
  name,
  model,
  width,
  shards,
  replicas,
  fields,
  passages,
  analyzer,
}: IndexForm): IndexRequest {
  const named = fields.map(field => [field.name.trim(), { type: field.type, list: field.list }])
  return {
    name: name.trim(),
    ...(model !== '' && { model }),
    ...(model === 'external' && width !== undefined && { vectors: { width } }),
    ...(shards !== undefined && { shards }),
    ...(replicas !== undefined && { replicas }),
    ...(fields.length > 0 && { fields: Object.fromEntries(named) }),
    ...(passages === 'off' && { passages: false as const }),
    ...(analyzer !== '' && { lexical: { analyzer } }),
  }
}
