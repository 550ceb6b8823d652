import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { Deadline, RequestContext, silentLogger } from '@hypershard/common'
import { type CoverageAnswer, coverageSchema } from '@hypershard/contract'
import type { Random } from '@hypershard/harness'
import { type AskedSearch, checkSearchAnswer, checkSearchFailure } from '@hypershard/harness/invariants'
import { searchInputOf } from '../../search/search-input.ts'
import type { Outcome, SimulatedCoordinator } from './simulated-coordinator.ts'
import type { World } from './world.ts'

/** What searches came to. */
export interface Tally {
  whole: number
  partial: number
  failed: number
  cancelled: number
}

interface DrawnSearch extends AskedSearch {
  readonly query: string
  readonly timeoutMs: number
  /** When the caller goes away. */
  readonly leavesAfterMs: number | undefined
}

export interface SearchingOptions {
  readonly random: Random
  readonly pauseMs: number
  /** Every search has enough time and asks for all, and every answer must be whole. */
  readonly neverMisses: boolean
}

const log = silentLogger()

/** Timers end at whole milliseconds. */
const roundingMs = 1

/** Time enough for any search of shards that are loaded. */
const amplyMs = 1_000

const passingCodes = ['insufficient_coverage', 'deadline_exceeded', 'overloaded']

/** Asks one coordinator again and again, without waiting for answers, and checks what each of them says. */
export class SearchingClient {
  readonly tally: Tally = { whole: 0, partial: 0, failed: 0, cancelled: 0 }
  readonly #world: World
  readonly #coordinator: SimulatedCoordinator
  readonly #random: Random
  readonly #options: SearchingOptions
  readonly #underWay = new Set<Promise<void>>()
  readonly #running: Promise<void>
  #stopped = false
  #asked = 0

  constructor(world: World, coordinator: SimulatedCoordinator, options: SearchingOptions) {
    this.#world = world
    this.#coordinator = coordinator
    this.#random = options.random
    this.#options = options
    this.#running = this.#run()
  }

  /** Rejects with the AssertionError of the first answer that broke a promise. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
    await Promise.all(this.#underWay)
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const search = this.#search(this.#draw())
      this.#underWay.add(search)
      search.then(
        () => this.#underWay.delete(search),
        error => this.#world.fail(error),
      )
      await wait(this.#options.pauseMs * (0.5 + this.#random.next()))
    }
  }

  #draw(): DrawnSearch {
    const random = this.#random
    const { neverMisses } = this.#options
    return {
      // No two are alike: what was scored for one of them was not scored for another.
      query: `${random.pick(['stars', 'moon dust', 'sun comet comet'])} ${this.#coordinator.name} ${this.#asked++}`,
      k: random.pick([1, 5, 500]),
      minCoverage: neverMisses ? 1 : random.pick([0, 0.5, 1]),
      minSequence: random.chance(neverMisses ? 0 : 0.2) ? this.#world.corpus.sequence : 0,
      timeoutMs: neverMisses ? 3_000 : random.pick([300, 1_000, 3_000]),
      leavesAfterMs: !neverMisses && random.chance(0.02) ? random.below(30) : undefined,
    }
  }

  async #search(asked: DrawnSearch): Promise<void> {
    const { query, k, minCoverage, minSequence, timeoutMs, leavesAfterMs } = asked
    const request = {
      query,
      k,
      plan: 'exact',
      min_coverage: minCoverage,
      min_sequence: minSequence,
      cache: false,
    } as const
    const caller = new AbortController()
    const leaving = leavesAfterMs === undefined ? undefined : setTimeout(() => caller.abort(), leavesAfterMs)
    const context = new RequestContext({ log, deadline: Deadline.after(timeoutMs, { signal: caller.signal }) })
    const startMs = this.#world.nowMs
    const outcome = await this.#coordinator.search(searchInputOf('papers', request), context)
    const tookMs = this.#world.nowMs - startMs
    clearTimeout(leaving)
    const digest = createHash('sha256').update(query).digest('hex')
    this.#world.traceSearch(
      `${this.#coordinator.name}: ${JSON.stringify(asked)} in ${tookMs} ms: ${summaryOf(outcome)}`,
    )
    assert.ok(tookMs <= timeoutMs + roundingMs, `it took ${tookMs} ms of ${timeoutMs}`)
    await this.#check(outcome, asked, digest)
  }

  async #check(outcome: Outcome, asked: DrawnSearch, digest: string): Promise<void> {
    const world = this.#world
    await wait(0)
    const open = [...world.network.open].filter(({ query }) => query === digest)
    assert.deepEqual(open, [], 'calls go on although the search has ended')
    if ('problem' in outcome) {
      assert.ok(!this.#options.neverMisses, `a search failed: ${outcome.problem.detail}`)
      const codes = asked.leavesAfterMs === undefined ? passingCodes : [...passingCodes, 'cancelled']
      checkSearchFailure(outcome.problem, asked, codes)
      const { coverage } = outcome.problem.details
      if (coverage !== undefined) this.#noteMissing(coverageSchema.parse(coverage), asked)
      this.tally[outcome.problem.code === 'cancelled' ? 'cancelled' : 'failed']++
      return
    }
    const { answer } = outcome
    const known = world.corpus.truthOf(answer.manifest_version, asked.query)
    checkSearchAnswer(answer, asked, known, world.searchedFor(digest, answer.manifest_version))
    this.tally[answer.coverage.missing.length === 0 ? 'whole' : 'partial']++
    this.#noteMissing(answer.coverage, asked)
  }

  /** Of a search with little time, or that need not wait for all, it says nothing that a shard was not there in time. */
  #noteMissing({ missing }: CoverageAnswer, { timeoutMs, minCoverage, minSequence }: DrawnSearch): void {
    // One that waits for a write first may have little time left.
    if (timeoutMs < amplyMs || minSequence > 0) return
    const unserved = missing.filter(({ code }) => minCoverage === 1 || code !== 'deadline_exceeded')
    this.#world.noteMissing(unserved.map(({ shard }) => shard))
  }
}

function summaryOf(outcome: Outcome): string {
  if ('problem' in outcome) return `${outcome.problem.code}: ${outcome.problem.detail}`
  const { hits, coverage, manifest_version: version } = outcome.answer
  const missing = coverage.missing.map(({ shard, server, code }) => `${shard}@${server} ${code}`)
  return `${hits.length} hits of version ${version}${missing.map(one => `, without ${one}`).join('')}`
}
