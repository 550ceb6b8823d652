import { HypershardError, type RequestContext } from '@hypershard/common'
import type { SearchInput } from './search-input.ts'
import { profileOf } from './search-profile.ts'
import type { SearchTrail } from './search-trail.ts'

export interface SlowSearchOptions {
  /** A search that takes longer is told of; none with 0. */
  readonly slowMs: number
  /** Whether the query's text is told too: it may be what a user meant for nobody else. */
  readonly withText: boolean
  readonly monotonicMs?: () => number
}

/** The slowest shards are told of, so that one line stays one line. */
const shardsMax = 16

/** Tells of each search that took too long where its time went, in one line of the log: of one that failed, too. */
export class SlowSearches {
  readonly #options: SlowSearchOptions
  readonly #monotonicMs: () => number

  constructor(options: SlowSearchOptions) {
    this.#options = options
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now())
  }

  /** @param search notes in the trail what it came to */
  async watch<Answer>(
    input: SearchInput,
    context: RequestContext,
    search: (trail: SearchTrail) => Promise<Answer>,
  ): Promise<Answer> {
    const trail: SearchTrail = {}
    const startMs = this.#monotonicMs()
    try {
      const answer = await search(trail)
      this.#note(input, trail, context, startMs)
      return answer
    } catch (error) {
      this.#note(input, trail, context, startMs, error)
      throw error
    }
  }

  #note(input: SearchInput, trail: SearchTrail, { log }: RequestContext, startMs: number, error?: unknown): void {
    const { slowMs, withText } = this.#options
    const tookMs = this.#monotonicMs() - startMs
    if (slowMs === 0 || tookMs <= slowMs) return
    log.warn(
      {
        ...askedFor(input),
        ...(withText && { query: input.query }),
        ...(error !== undefined && { code: error instanceof HypershardError ? error.code : 'internal' }),
        tookMs,
        // In the queue of this coordinator, and before that for a write that the answer must see.
        waitedMs: tookMs - (trail.watch?.totalMs ?? 0),
        ...cameTo(trail),
      },
      'slow search',
    )
  }
}

function askedFor({
  index,
  generation,
  plan,
  k,
  precision,
  recall,
  candidates,
  expansion,
  filter,
  cursor,
  rerank,
}: SearchInput) {
  const how = { plan, k, precision, recall, candidates, expansion }
  return { index, generation, ...how, filtered: filter !== undefined, paged: cursor !== undefined, rerank }
}

function cameTo({ watch, cached = false, query, outcome, coverage }: SearchTrail) {
  const covered =
    coverage === undefined ? {} : { coverage: coverage.ratio, missing: coverage.missing.slice(0, shardsMax) }
  if (watch === undefined || query === undefined || outcome === undefined)
    return { cached, stages: watch?.laps, ...covered }
  const { shards, ...stages } = profileOf(query, outcome, watch)
  const timeOf = (shard: (typeof shards)[number]) => shard.queueMs + shard.headMs + shard.scoreMs + shard.shipMs
  const slowest = shards.toSorted((a, b) => timeOf(b) - timeOf(a)).slice(0, shardsMax)
  return { cached, stages, ...covered, shards: slowest, shardsTold: `${slowest.length} of ${shards.length}` }
}
