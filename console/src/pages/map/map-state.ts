import { hrefOf } from '../../router/hash-route.ts'
import type { LabQuery } from '../lab/expression-draft.ts'
import { meaningsMax, pointsDefault, pointsMax } from './limits.ts'

/** What a map is of; a link holds it. */
export interface MapState {
  readonly index: string
  /** One meaning a line. */
  readonly query: string
  readonly points: number
}

/** What the query is looking for: any of these. */
export function meaningsOf(query: string): string[] {
  const lines = query.split('\n').map(line => line.trim())
  return lines.filter(line => line !== '').slice(0, meaningsMax)
}

/** As a search takes it: of several meanings any, each a leaf. */
export function queryOf(meanings: readonly string[]): LabQuery {
  const [only, ...others] = meanings
  return only === undefined || others.length > 0 ? { any: [...meanings] } : only
}

export function mapHref({ index, query, points }: MapState): string {
  return hrefOf('map', {
    index: index || undefined,
    query: query || undefined,
    k: points === pointsDefault ? undefined : String(points),
  })
}

export function parseMap(parameters: URLSearchParams): MapState {
  const points = Number(parameters.get('k') ?? pointsDefault)
  return {
    index: parameters.get('index') ?? '',
    query: parameters.get('query') ?? '',
    points: Number.isInteger(points) && points >= 1 ? Math.min(points, pointsMax) : pointsDefault,
  }
}
