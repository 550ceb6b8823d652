import type { HypershardClient } from '@hypershard/client'
import type { Hit, SearchAnswer, SearchRequest } from '@hypershard/contract'
import { documentsAtATime } from './limits.ts'
import { type MapState, meaningsOf, queryOf } from './map-state.ts'
import { type Plane, projectToPlane } from './project-to-plane.ts'

/** What of the client is needed. */
export type MapClient = Pick<HypershardClient, 'search' | 'getDocument'>

/** A document on the map. */
export interface MapPoint {
  readonly id: string
  readonly title: string
  readonly text: string
  readonly x: number
  readonly y: number
  /** By the q-net, and the place that it gives among the points, from 1. */
  readonly score: number
  readonly rank: number
  /**
   * By one vector: the q-net's tangent; of several meanings their mean, by which one vector between them would rank.
   * Undefined where nothing is known of it.
   */
  readonly estimate: number | undefined
  readonly estimateRank: number | undefined
  /** Of several meanings the one that gave it its place; else undefined. */
  readonly meaning: number | undefined
}

export interface LoadedMap {
  /** By rank. */
  readonly points: readonly MapPoint[]
  readonly shares: Plane['shares']
  /** One at least. */
  readonly meanings: readonly string[]
  /** Hits that have no one vector: of several passages, not indexed yet, or gone since. */
  readonly withoutVector: number
  readonly answer: SearchAnswer
}

export interface MapWish {
  readonly signal: AbortSignal
  /** Whether the key may have a profile: estimates come with it. */
  readonly profile: boolean
  readonly onProgress: (done: number, total: number) => void
}

/**
 * search → fetch the hits' vectors → project. Of one meaning the plan is `tangent`, with as many candidates a shard as there
 * are points, so that each hit comes with what the tangent gave it. Several are an expression, `any` of them.
 */
export async function loadMap(
  client: MapClient,
  { index, query, points }: MapState,
  { signal, profile, onProgress }: MapWish,
): Promise<LoadedMap> {
  const meanings = meaningsOf(query)
  const answer = await client.search(index, requestOf(meanings, points, profile), { signal })
  const hits = answer.hits.filter((hit): hit is Hit & { score: number } => hit.score !== null)
  const vectors = await fetchVectors(client, index, hits, { signal, onProgress })
  const placed = hits.flatMap((hit, at) => (vectors[at] === undefined ? [] : [{ hit, vector: vectors[at] }]))
  const { places, shares } = projectToPlane(placed.map(({ vector }) => vector))
  const estimates = placed.map(({ hit }) => (meanings.length > 1 ? meanOf(hit.leaf_scores) : hit.estimate))
  const estimateRanks = ranksOf(estimates)
  return {
    points: placed.map(({ hit }, at) => ({
      id: hit.id,
      title: hit.title ?? '',
      text: hit.text ?? '',
      ...places[at]!,
      score: hit.score,
      rank: at + 1,
      estimate: estimates[at],
      estimateRank: estimateRanks[at],
      meaning: hit.leaf,
    })),
    shares,
    meanings,
    withoutVector: answer.hits.length - placed.length,
    answer,
  }
}

function requestOf(meanings: readonly string[], points: number, profile: boolean): SearchRequest {
  const query = queryOf(meanings)
  if (typeof query !== 'string') return { query, k: points, plan: 'exact' }
  return { query, k: points, plan: 'tangent', candidates: points, profile }
}

/** Scores of leaves are comparable, and products with vectors add up: their mean is what the mean of the vectors gives. */
function meanOf(scores: Hit['leaf_scores']): number | undefined {
  if (scores === undefined || scores.length === 0 || scores.includes(null)) return undefined
  return scores.reduce<number>((sum, score) => sum + (score ?? 0), 0) / scores.length
}

/** @returns in the order of the hits; undefined for one without a vector, or that was deleted since */
async function fetchVectors(
  client: MapClient,
  index: string,
  hits: readonly Hit[],
  { signal, onProgress }: Pick<MapWish, 'signal' | 'onProgress'>,
): Promise<(readonly number[] | undefined)[]> {
  const vectors: (readonly number[] | undefined)[] = hits.map(() => undefined)
  const waiting = hits.entries()
  let done = 0
  const fetchInTurn = async () => {
    for (const [at, { id }] of waiting) {
      vectors[at] = await vectorOf(client, index, id, signal)
      onProgress(++done, hits.length)
    }
  }
  await Promise.all(Array.from({ length: documentsAtATime }, fetchInTurn))
  return vectors
}

async function vectorOf(client: MapClient, index: string, id: string, signal: AbortSignal) {
  try {
    return (await client.getDocument(index, id, { vector: true, signal })).vector?.values
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'document_not_found') return undefined
    throw error
  }
}

/** The place of each value among all that are known, the largest first, from 1; equal ones keep their order. */
export function ranksOf(values: readonly (number | undefined)[]): (number | undefined)[] {
  const order = [...values.entries()].filter((entry): entry is [number, number] => entry[1] !== undefined)
  order.sort(([, a], [, b]) => b - a)
  const ranks: (number | undefined)[] = values.map(() => undefined)
  for (const [place, [at]] of order.entries()) ranks[at] = place + 1
  return ranks
}

/** Of the best `count` by the q-net, how many are among the best `count` by the one vector; undefined without estimates. */
export function sharedBest(points: readonly MapPoint[], count: number): number | undefined {
  if (points.some(({ estimateRank }) => estimateRank === undefined)) return undefined
  return points.filter(({ rank, estimateRank }) => rank <= count && estimateRank! <= count).length
}
