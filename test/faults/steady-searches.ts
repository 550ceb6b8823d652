import assert from 'node:assert/strict'
import { type Problem, type SearchAnswer, searchAnswerSchema } from '@hypershard/contract'
import { checkSearchAnswer, checkSearchFailure, type KnownVersion } from '@hypershard/harness/invariants'
import { shardOf as shardOfId } from '@hypershard/storage'

/** How an index is reached. */
export interface IndexDoor {
  readonly url: string
  /** Where the same index is found too, asked in turn while nobody can be reached at the one before. */
  readonly otherUrls?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

/** An index whose documents stay as they are, and what is right to say of it. */
export interface KnownIndex extends IndexDoor {
  /** By query. */
  readonly versions: ReadonlyMap<string, KnownVersion>
}

/** Failures that a cluster may pass through. */
const passingCodes = ['insufficient_coverage', 'deadline_exceeded', 'overloaded', 'unavailable']

const k = 10

/** Beyond its time limit: for a busy machine, and a test that hears of the answer late. */
const lateMsMax = 15_000

/** Searches under way: a rate that is higher than answers come is not kept up. */
const underWayMax = 64

/** How one search ended: whole, with the code of a failure, without a connection, or without an answer in its time. */
export type Outcome = 'whole' | 'unreachable' | 'unanswered' | Problem['code']

export interface SearchRate {
  /** From one search to the next. */
  readonly periodMs: number
  readonly timeoutMs: number
  readonly minCoverage: number
}

/**
 * Searches at a steady rate, whether or not the answers come, and checks each: one that is whole is the exact answer, one
 * that failed is a failure of a kind that passes, and each comes in its time.
 */
export class SteadySearches {
  readonly outcomes: Outcome[] = []
  readonly #index: KnownIndex
  readonly #rate: SearchRate
  readonly #timer: NodeJS.Timeout
  readonly #running = new Set<Promise<void>>()
  readonly #listeners = new Set<() => void>()
  #asked = 0
  #broken: unknown

  constructor(index: KnownIndex, rate: Partial<SearchRate> = {}) {
    this.#index = index
    this.#rate = { periodMs: 100, timeoutMs: 4_000, minCoverage: 1, ...rate }
    this.#timer = setInterval(() => {
      if (this.#running.size >= underWayMax) return
      const search = this.#search().catch(error => {
        this.#broken ??= error
      })
      this.#running.add(search)
      search.finally(() => {
        this.#running.delete(search)
        for (const listener of this.#listeners) listener()
      })
    }, this.#rate.periodMs)
  }

  /** Waits until there are so many more answers. @throws AssertionError of an answer that broke a promise */
  async more(count: number): Promise<readonly Outcome[]> {
    const before = this.outcomes.length
    await this.#until(() => this.outcomes.length >= before + count)
    return this.outcomes.slice(before)
  }

  /** No search that runs while it does fails, nor one of those that come after it. */
  async unharmed(work: () => Promise<void>): Promise<void> {
    const before = this.outcomes.length
    await work()
    await this.more(3 + this.#running.size)
    const { whole: _whole, ...harmed } = countOf(this.outcomes.slice(before))
    assert.deepEqual(harmed, {}, 'how searches ended that were not to notice')
  }

  /** Waits until so many answers in a row are whole. */
  async untilWhole(count = 10): Promise<void> {
    const before = this.outcomes.length
    await this.#until(() => {
      const last = this.outcomes.slice(before).slice(-count)
      return last.length === count && last.every(outcome => outcome === 'whole')
    })
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#running)
    if (this.#broken !== undefined) throw this.#broken
    const said = JSON.stringify(countOf(this.outcomes))
    assert.ok(!this.outcomes.includes('unanswered'), `every search is answered in its time: ${said}`)
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#broken !== undefined) throw this.#broken
      await new Promise<void>(resolve => {
        const listener = () => {
          this.#listeners.delete(listener)
          resolve()
        }
        this.#listeners.add(listener)
      })
    }
  }

  async #search(): Promise<void> {
    const queries = [...this.#index.versions.keys()]
    const query = queries[this.#asked++ % queries.length]!
    this.outcomes.push(await this.#outcomeOf(query))
  }

  async #outcomeOf(query: string): Promise<Outcome> {
    const { timeoutMs, minCoverage } = this.#rate
    const answer = await search(this.#index, { query, k, min_coverage: minCoverage, timeout_ms: timeoutMs })
    if (answer instanceof Error) return answer.name === 'TimeoutError' ? 'unanswered' : 'unreachable'
    const { status, json } = answer
    const asked = { k, minCoverage, minSequence: 0 }
    if (status !== 200) {
      checkSearchFailure(json as Problem, asked, passingCodes)
      return (json as Problem).code
    }
    const known = this.#index.versions.get(query)!
    const found: SearchAnswer = searchAnswerSchema.parse(json)
    checkSearchAnswer(found, asked, known, documentsOf(known))
    return found.coverage.missing.length === 0 ? 'whole' : 'insufficient_coverage'
  }
}

/** How many searches ended so. */
export function countOf(outcomes: readonly Outcome[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

/** Learns what is right from a cluster whose hosts are all well. */
export async function knownIndexOf(
  place: string | IndexDoor,
  { queries, shards, textOf }: { queries: readonly string[]; shards: number; textOf: (id: string) => string },
): Promise<KnownIndex> {
  const door = typeof place === 'string' ? { url: place } : place
  const versions = new Map<string, KnownVersion>()
  for (const query of queries) {
    const answer = await search(door, { query, k: 1_000, min_coverage: 1, timeout_ms: 20_000 })
    assert.ok(!(answer instanceof Error) && answer.status === 200, JSON.stringify(answer))
    const { hits, manifest_version: version } = searchAnswerSchema.parse(answer.json)
    const ranked = hits.map(({ id, score }) => ({ id, score: score ?? Number.NaN }))
    const shardOf = (id: string) => shardOfId(id, shards)
    versions.set(query, { version, sequence: 0, shards, shardOf, ranked, textOf })
  }
  return Object.assign({ versions }, door)
}

function documentsOf({ ranked, shardOf }: KnownVersion): Map<number, number> {
  const counts = new Map<number, number>()
  for (const { id } of ranked) counts.set(shardOf(id), (counts.get(shardOf(id)) ?? 0) + 1)
  return counts
}

interface SearchBody {
  readonly query: string
  readonly k: number
  readonly min_coverage: number
  readonly timeout_ms: number
}

async function search(door: IndexDoor, body: SearchBody): Promise<{ status: number; json: unknown } | Error> {
  let answer: { status: number; json: unknown } | Error = new Error('nobody was asked')
  for (const url of [door.url, ...(door.otherUrls ?? [])]) {
    answer = await searchAt(url, door.headers, body)
    if (!(answer instanceof Error) || answer.name === 'TimeoutError') return answer
  }
  return answer
}

async function searchAt(
  url: string,
  headers: IndexDoor['headers'],
  body: SearchBody,
): Promise<{ status: number; json: unknown } | Error> {
  try {
    const response = await fetch(`${url}/search`, {
      method: 'POST',
      headers: Object.assign({ 'content-type': 'application/json' }, headers),
      body: JSON.stringify({ plan: 'exact', ...body }),
      signal: AbortSignal.timeout(body.timeout_ms + lateMsMax),
    })
    return { status: response.status, json: await response.json() }
  } catch (error) {
    return error as Error
  }
}
