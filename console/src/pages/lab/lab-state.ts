import type { SearchRequest } from '@hypershard/contract'
import { parseExact, printExact } from '../../api/parse-exact.ts'
import { hrefOf } from '../../router/hash-route.ts'
import type { LabQuery } from './expression-draft.ts'

/** What a search may be told beside what it looks for: where two searches stand side by side, they differ in these. */
export type LabSettings = Pick<
  SearchRequest,
  'generation' | 'plan' | 'recall' | 'candidates' | 'expansion' | 'precision' | 'hybrid' | 'rerank'
>

export const settingNames = [
  'generation',
  'plan',
  'recall',
  'candidates',
  'expansion',
  'precision',
  'hybrid',
  'rerank',
] as const satisfies readonly (keyof LabSettings)[]

/** What an answer has beside hits by their score, of either side alike. */
export type LabShown = Pick<SearchRequest, 'facets' | 'group_by' | 'sort' | 'highlight'>

export type SearchFilter = NonNullable<SearchRequest['filter']>

/** All that the lab is asked; a link holds it. */
export interface LabState {
  readonly index: string
  readonly query: LabQuery
  readonly filter: SearchFilter | undefined
  readonly k: number | undefined
  readonly minCoverage: number | undefined
  readonly shown: LabShown
  readonly a: LabSettings
  /** Of a second search beside the first. */
  readonly b: LabSettings | undefined
}

export const emptyLab: LabState = {
  index: '',
  query: '',
  filter: undefined,
  k: undefined,
  minCoverage: undefined,
  shown: {},
  a: {},
  b: undefined,
}

/** What a link asks of the lab, and what of it cannot be read. */
export interface ParsedLab {
  readonly state: LabState
  readonly faults: readonly string[]
}

/** A link that opens the lab with this; pages that have a query lead there with it. No key is in it. */
export function labHref(state: Partial<LabState>): string {
  const { index, query, filter, k, minCoverage, shown, a, b } = { ...emptyLab, ...state }
  return hrefOf('lab', {
    index: index || undefined,
    query: typeof query === 'string' ? query || undefined : undefined,
    expression: typeof query === 'string' ? undefined : printExact(query),
    filter: filter && printExact(filter),
    k: k === undefined ? undefined : String(k),
    min_coverage: minCoverage === undefined ? undefined : String(minCoverage),
    ...Object.fromEntries(shownNames.map(name => [name, shown[name] && printExact(shown[name])])),
    a: Object.keys(a).length === 0 ? undefined : printExact(a),
    b: b && printExact(b),
  })
}

export function parseLab(parameters: URLSearchParams): ParsedLab {
  const faults: string[] = []
  const jsonIn = (name: string, what: string, is: (value: unknown) => boolean): unknown => {
    const text = parameters.get(name)
    if (text === null) return undefined
    const value = parsedOrUndefined(text)
    if (is(value)) return value
    faults.push(`\`${name}\` of this link is no ${what}; it was left out`)
    return undefined
  }
  const objectIn = (name: string) => jsonIn(name, 'JSON object', isObject) as Record<string, unknown> | undefined
  const numberIn = (name: string): number | undefined => {
    const text = parameters.get(name)
    if (text === null) return undefined
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (Number.isFinite(value)) return value
    faults.push(`\`${name}\` of this link is no number; it was left out`)
    return undefined
  }
  const settingsIn = (name: string): LabSettings | undefined => {
    const given = objectIn(name)
    if (given === undefined) return undefined
    for (const key of Object.keys(given)) {
      if (!settingNames.some(known => known === key))
        faults.push(`\`${name}.${key}\` of this link is no setting; it was left out`)
    }
    return Object.fromEntries(settingNames.filter(key => key in given).map(key => [key, given[key]])) as LabSettings
  }
  const state: LabState = {
    index: parameters.get('index') ?? '',
    query: (objectIn('expression') as LabQuery | undefined) ?? parameters.get('query') ?? '',
    filter: objectIn('filter'),
    k: numberIn('k'),
    minCoverage: numberIn('min_coverage'),
    shown: given({
      facets: jsonIn('facets', 'list of fields', isListOfFields),
      group_by: jsonIn('group_by', 'field', namesField),
      sort: jsonIn('sort', 'list of fields', isListOfFields),
      highlight: objectIn('highlight'),
    }) as LabShown,
    a: settingsIn('a') ?? {},
    b: settingsIn('b'),
  }
  return { state, faults }
}

/** Whether there is enough of it to search. */
export function canSearch({ index, query }: LabState): boolean {
  if (index.trim() === '') return false
  if (typeof query === 'string') return query.trim() !== ''
  return Object.values(query).some(part => !Array.isArray(part) || part.length > 0)
}

export interface RequestParts {
  readonly side: 'a' | 'b'
  /** Not for a key with a filter, which is told no servers. */
  readonly profile: boolean
}

/** What the API is asked, word for word. */
export function requestOf(state: LabState, { side, profile }: RequestParts): SearchRequest {
  const { query, filter, k, minCoverage, shown } = state
  const settings = state[side] ?? {}
  return {
    query,
    ...(filter !== undefined && { filter }),
    ...(k !== undefined && { k }),
    ...(minCoverage !== undefined && { min_coverage: minCoverage }),
    ...shown,
    ...settings,
    ...(profile && { profile }),
  }
}

/** A copy without the keys that are undefined: what is not given is not in the request. */
export function given<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Value
}

const shownNames = ['facets', 'group_by', 'sort', 'highlight'] as const satisfies readonly (keyof LabShown)[]

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function namesField(value: unknown): boolean {
  return isObject(value) && typeof value.field === 'string'
}

function isListOfFields(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(namesField)
}

function parsedOrUndefined(text: string): unknown {
  try {
    return parseExact(text)
  } catch {
    return undefined
  }
}
