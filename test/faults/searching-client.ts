import { setTimeout as wait } from 'node:timers/promises'
import { type Problem, type SearchAnswer, searchAnswerSchema } from '@hypershard/contract'
import type { Random } from '@hypershard/harness'
import { type AskedSearch, checkAgainstAllowed, checkSearchFailure } from '@hypershard/harness/invariants'
import type { History } from './history.ts'

/** One request; undefined when there is no answer, as while a coordinator is down. */
type Ask = (body: unknown) => Promise<{ readonly status: number; readonly json: unknown } | undefined>

interface Surroundings {
  readonly ask: Ask
  readonly history: History
  readonly random: Random
}

/** Failures that a cluster may pass through while it is struck. */
const passingCodes = ['insufficient_coverage', 'deadline_exceeded', 'overloaded', 'unavailable']

/** More than all documents: then none may be missing. */
const kOfAll = 1_000

const pauseMsMax = 150

/** Searches all the time, one search after the other, and checks what every answer says against the history. */
export class SearchingClient {
  readonly tally = { whole: 0, partial: 0, failed: 0, unanswered: 0 }
  readonly #surroundings: Surroundings
  #stopped = false
  readonly #running: Promise<void>
  #broken: unknown

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
    this.#running = this.#run().catch(error => {
      this.#broken = error
    })
  }

  /** Throws the AssertionError of the first answer that broke a promise. */
  check(): void {
    if (this.#broken !== undefined) throw this.#broken
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
    this.check()
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#search()
      await wait(this.#surroundings.random.below(pauseMsMax))
    }
  }

  async #search(): Promise<void> {
    const { ask, history, random } = this.#surroundings
    const asked: AskedSearch = {
      k: random.pick([5, kOfAll]),
      minCoverage: random.pick([0, 0.5, 1]),
      minSequence: random.chance(0.5) ? history.sequence : 0,
    }
    const { k, minCoverage: min_coverage, minSequence: min_sequence } = asked
    const body = { query: 'ba ce', plan: 'exact', k, min_coverage, min_sequence, timeout_ms: 500 + random.below(3_000) }
    const answer = await ask(body)
    try {
      this.#judge(answer, asked)
    } catch (error) {
      throw Object.assign(error as Error, { message: `${JSON.stringify(body)}: ${(error as Error).message}` })
    }
  }

  #judge(answer: Awaited<ReturnType<Ask>>, asked: AskedSearch): void {
    if (answer === undefined) this.tally.unanswered++
    else if (answer.status !== 200) {
      checkSearchFailure(answer.json as Problem, asked, passingCodes)
      this.tally.failed++
    } else {
      const found: SearchAnswer = searchAnswerSchema.parse(answer.json)
      checkAgainstAllowed(found, asked, this.#surroundings.history.allowedSince(asked.minSequence))
      this.tally[found.coverage.missing.length === 0 ? 'whole' : 'partial']++
    }
  }
}
