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

export type SearchFilter = NonNullable<SearchRequest['filter']>

/** All that the lab is asked; a link holds it. */
export interface LabState {
  readonly index: string
  readonly query: LabQuery
  readonly filter: SearchFilter | undefined
  readonly k: number | undefined
  readonly minCoverage: number | undefined
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
  const { index, query, filter, k, minCoverage, a, b } = { ...emptyLab, ...state }
  return hrefOf('lab', {
    index: index || undefined,
    query: typeof query === 'string' ? query || undefined : undefined,
    expression: typeof query === 'string' ? undefined : printExact(query),
    filter: filter && printExact(filter),
    k: k === undefined ? undefined : String(k),
    min_coverage: minCoverage === undefined ? undefined : String(minCoverage),
    a: Object.keys(a).length === 0 ? undefined : printExact(a),
    b: b && printExact(b),
  })
}

export function parseLab(parameters: URLSearchParams): ParsedLab {
  const faults: string[] = []
  const objectIn = (name: string): Readonly<Record<string, unknown>> | undefined => {
    const text = parameters.get(name)
    if (text === null) return undefined
    const value = parsedOrUndefined(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
    faults.push(`\`${name}\` of this link is no JSON object; it was left out`)
    return undefined
  }
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
  const { query, filter, k, minCoverage } = state
  const settings = state[side] ?? {}
  return {
    query,
    ...(filter !== undefined && { filter }),
    ...(k !== undefined && { k }),
    ...(minCoverage !== undefined && { min_coverage: minCoverage }),
    ...settings,
    ...(profile && { profile }),
  }
}

function parsedOrUndefined(text: string): unknown {
  try {
    return parseExact(text)
  } catch {
    return undefined
  }
}
