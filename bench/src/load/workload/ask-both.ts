import { median } from '../../statistics.ts'
import type { Api } from '../cluster/api.ts'
import { hitsWanted } from './search-body.ts'

interface Hit {
  readonly id: string
  readonly score: number | null
}

export interface AskedBoth {
  /** Of the hits of `exact`, the share that was found: a mean over the queries. */
  readonly recall: number
  /** Medians of whole requests. */
  readonly exactMs: number
  readonly recallMs: number
  /** Time of `exact` / time of the other: the median over queries, each asked one way right after the other. */
  readonly timesAsFast: number
}

/** A median of fewer tells little; of more, beyond this many seconds, little more. */
const queriesMin = 40
const secondsEnough = 8

/**
 * Asks each query by `exact` and by `auto` with a recall, in turns. Each was asked before, so that its q-net is known: the two
 * differ in nothing but how hits are found.
 */
export async function askBoth(
  api: Api,
  path: string,
  queries: readonly (string | object)[],
  recallAsked: number,
): Promise<AskedBoth> {
  const ask = async (query: string | object, plan: object) => {
    const startMs = performance.now()
    const { hits } = await api.send<{ hits: Hit[] }>('POST', path, {
      query,
      k: hitsWanted,
      ids_only: true,
      cache: false,
      ...plan,
    })
    return { hits, tookMs: performance.now() - startMs }
  }
  const asked = []
  const startMs = performance.now()
  for (const [at, query] of queries.entries()) {
    await ask(query, { plan: 'exact' })
    const ways = [{ plan: 'exact' }, { plan: 'auto', recall: recallAsked }]
    const [first, second] = at % 2 === 0 ? ways : ways.toReversed()
    const answers = [await ask(query, first!), await ask(query, second!)]
    const [exact, tested] = at % 2 === 0 ? answers : answers.toReversed()
    asked.push({ exact: exact!, tested: tested! })
    if (asked.length >= queriesMin && performance.now() - startMs > secondsEnough * 1_000) break
  }
  const recalls = asked.map(({ exact, tested }) => recallOf(tested.hits, exact.hits))
  return {
    recall: recalls.reduce((sum, value) => sum + value, 0) / recalls.length,
    exactMs: median(asked.map(({ exact }) => exact.tookMs)),
    recallMs: median(asked.map(({ tested }) => tested.tookMs)),
    timesAsFast: median(asked.map(({ exact, tested }) => exact.tookMs / tested.tookMs)),
  }
}

/** Of the exact hits those found; one with the score of the last of them is as good as it. */
export function recallOf(found: readonly Hit[], exact: readonly Hit[]): number {
  const last = exact.at(-1)
  if (last === undefined) return 1
  const ids = new Set(exact.map(({ id }) => id))
  const good = found.filter(({ id, score }) => ids.has(id) || score === last.score)
  return Math.min(exact.length, good.length) / exact.length
}
