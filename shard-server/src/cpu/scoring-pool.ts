import assert from 'node:assert/strict'
import type { Deadline, Logger } from '@hypershard/common'
import { kernelIdentity, type RowIds } from '@hypershard/qnet'
import type {
  HeldRow,
  LeafScores,
  RowToScore,
  ScanAnswer,
  ScanRequest,
  ScoredRows,
  ScoringBackend,
  SegmentToHold,
  ShardScan,
  ShardToScan,
} from '../ports.ts'
import { ThreadCalls } from '../threads/thread-calls.ts'
import { choosePlan, costOf, type QueryToPlan, queryOfOne, type SegmentToPlan, type ShardPlan } from './choose-plan.ts'
import { isUnion, leadingLeaves } from './composed/expression.ts'
import { divide, joinScores, mergeRanked } from './divide-work.ts'
import type { VectorStarts } from './document-rows.ts'
import type { EstimatedVectors, VectorToEstimate } from './estimate-vectors.ts'
import { mergeScans } from './merge-scans.ts'
import type { PlannedShard, ScanTask, TaskQuery, ThreadAnswer, ToScoringThread } from './messages.ts'
import { QueryTeam, type ScoringThread } from './query-team.ts'
import type { Ranked, RankWish } from './rank-candidates.ts'
import { idsOf } from './scan-segment.ts'
import { searchByTangent, type TangentPlan, type TangentSteps } from './search-by-tangent.ts'
import type { FloatPlane } from './tangent-planes.ts'

export interface ScoringOptions {
  /** Scoring threads; each computes on one core. */
  readonly threads: number
  readonly log: Logger
  /** A scoring thread died. */
  readonly onDeath: (error: Error) => void
  /** Starts a scoring thread; another kind in tests. */
  readonly startThread?: () => ScoringThread
}

/**
 * A search that costs less (see `plan-cost.ts`) is one thread's: to share out what takes 2 ms takes two or three messages
 * more a thread. While there are as many searches as threads, sharing gains nothing, and one of 20 ms is one thread's too.
 */
const aloneCostMax = 1e8
const aloneCostBusyMax = 1e9

/** A segment as the pool knows it. */
export interface HeldSegment extends Omit<SegmentToPlan, 'eligible'> {
  readonly starts: VectorStarts
  readonly ids: RowIds
}

/** What was done, how long the thread that worked longest took, and until any began. */
export type Worked<Result> = Result & { readonly workMs: number; readonly queueMs: number }

/** A search by the pool. */
interface Search {
  readonly request: ScanRequest
  readonly team: QueryTeam
}

/** The CPU as a backend: the scoring threads as one. */
export class ScoringPool implements ScoringBackend {
  readonly device = 'cpu'
  readonly kernel = kernelIdentity()
  readonly deviceMemory = undefined
  readonly #threads: readonly ScoringThread[]
  /** Searches under way, and of those, what each thread has alone. */
  #searches = 0
  readonly #alone: number[]
  readonly #segments = new Map<string, HeldSegment>()
  /** Of searches that have ended: as many as ever were in use at once are kept, as shared memory is slow to come by. */
  readonly #blockCounters: Int32Array<SharedArrayBuffer>[] = []

  constructor({ threads, log, onDeath, startThread }: ScoringOptions) {
    const file = new URL('./scoring-thread.ts', import.meta.url)
    const start =
      startThread ??
      (() =>
        new ThreadCalls<ToScoringThread, ThreadAnswer>({ name: 'scoring', file, workerData: undefined, log, onDeath }))
    this.#threads = Array.from({ length: threads }, start)
    this.#alone = this.#threads.map(() => 0)
  }

  /** Makes a segment known to every thread, or to none. */
  async hold(segment: SegmentToHold): Promise<void> {
    const answers = this.#threads.map(thread => thread.call(call => ({ type: 'hold', call, ...segment })).answer)
    // All of them, so that no thread opens a file that is removed already.
    const refused = (await Promise.allSettled(answers)).find(result => result.status === 'rejected')
    if (refused === undefined) {
      const { key, width, ids, graphPath, recallKnobs, vectorStarts } = segment
      const documents = ids.offsets.length - 1
      const rows = vectorStarts?.at(-1) ?? documents
      const shape = { rows, width, vectorsPerDocument: rows / documents, starts: vectorStarts }
      this.#segments.set(key, { ...shape, hasGraph: graphPath !== undefined, recallKnobs, ids: idsOf(ids) })
      return
    }
    this.drop(segment.key)
    throw refused.reason
  }

  drop(key: string): void {
    this.#segments.delete(key)
    for (const thread of this.#threads) thread.post({ type: 'drop', key })
  }

  /** plan → one thread alone, or all → exactly what a tangent is no use for. */
  async scan(request: ScanRequest, deadline: Deadline): Promise<ScanAnswer> {
    deadline.check('score')
    const search = { request, team: new QueryTeam(deadline) }
    this.#searches++
    try {
      const query = queryToPlan(request)
      const planned = request.shards.map(shard => this.#plan(shard, request, query))
      // Each thread more has all of a composed query's q-nets to prepare.
      const cost = planned.reduce((sum, own) => sum + own.cost, 0) / query.qnets
      const shards = planned.map(({ shard }) => shard)
      const scans = await (this.#isForOne(cost) ? this.#scanAlone(search, shards) : this.#scanTogether(search, shards))
      const bent = request.shards.filter((_, place) => scans[place] === undefined)
      const exact = bent.length === 0 ? [] : await this.#scanExactly(search, bent)
      return { scans: scans.map(scan => scan ?? exact.shift()!), queueMs: search.team.queueMs }
    } finally {
      this.#searches--
      search.team.end()
    }
  }

  async score(
    request: ScanRequest,
    shard: ShardToScan,
    rows: readonly RowToScore[],
    deadline: Deadline,
  ): Promise<ScoredRows> {
    return this.#inTeam(request, deadline, search => this.#scoreBy(search, shard, rows))
  }

  /** By one thread: there are no more rows than hits. */
  async leafScores(request: ScanRequest, rows: readonly HeldRow[], deadline: Deadline): Promise<LeafScores> {
    const team = new QueryTeam(deadline)
    const place = this.#leastBusy()
    this.#alone[place]!++
    try {
      const work = { ...queryOf(request), rows }
      const { results } = await team.run([this.#threads[place]!], () => ({ type: 'leaves', work }))
      return results[0]!.found
    } finally {
      this.#alone[place]!--
      team.end()
    }
  }

  get threads(): number {
    return this.#threads.length
  }

  /** What is known of a segment that is held. */
  held(key: string): HeldSegment {
    const held = this.#segments.get(key)
    assert(held !== undefined, `segment ${key} is searched while it is not held`)
    return held
  }

  /** How a shard is searched. */
  planOf(shard: ShardToScan, request: ScanRequest): ShardPlan {
    return this.#plan(shard, request, queryToPlan(request)).shard.plan
  }

  /** A shard's best documents by tangent, ranked by all threads. @throws HypershardError as `scan` */
  async rank(
    request: ScanRequest,
    shard: ShardToScan,
    wish: Omit<RankWish, 'part' | 'of'>,
    deadline: Deadline,
  ): Promise<Worked<Ranked>> {
    return this.#inTeam(request, deadline, search => this.#rankBy(search, shard, wish))
  }

  /** The tangent planes of a shard's segments; none where the query ended before. @throws HypershardError as `scan` */
  async planes(request: ScanRequest, shard: ShardToScan, deadline: Deadline) {
    return this.#inTeam(request, deadline, async ({ team }) => {
      const thread = this.#threads[this.#leastBusy()]!
      const { results, workMs } = await team.run([thread], () => ({
        type: 'planes',
        work: { ...queryOf(request), shard },
      }))
      return { planes: results[0]!.planes, stop: results[0]!.stop, workMs }
    })
  }

  /** What the tangent plan estimates of some vectors. @throws HypershardError as `scan` */
  async estimate(
    request: ScanRequest,
    shard: ShardToScan,
    found: { readonly planes: readonly FloatPlane[]; readonly vectors: readonly VectorToEstimate[] },
    deadline: Deadline,
  ): Promise<Worked<EstimatedVectors & Pick<Ranked, 'stop'>>> {
    return this.#inTeam(request, deadline, async ({ team }) => {
      const thread = this.#threads[this.#leastBusy()]!
      const { results, workMs } = await team.run([thread], () => ({
        type: 'estimate',
        work: { ...queryOf(request), shard, ...found },
      }))
      const { estimates, products, stop } = results[0]!
      return { estimates, products, stop, workMs }
    })
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map(thread => thread.close()))
  }

  #plan(
    shard: ShardToScan,
    { plan }: ScanRequest,
    query: QueryToPlan,
  ): { readonly shard: PlannedShard; readonly cost: number } {
    const segments = shard.segments.map(({ key, eligible }) => ({ ...this.held(key), eligible }))
    const chosen = choosePlan(plan, segments, query)
    return { shard: { ...shard, plan: chosen }, cost: costOf(chosen, segments, query) }
  }

  #isForOne(cost: number): boolean {
    if (this.#threads.length === 1) return true
    return cost <= (this.#searches > this.#threads.length ? aloneCostBusyMax : aloneCostMax)
  }

  async #scanAlone({ request, team }: Search, shards: readonly PlannedShard[]): Promise<(ShardScan | undefined)[]> {
    const place = this.#leastBusy()
    this.#alone[place]!++
    try {
      const work = { ...scanTaskOf(request), shards, blockCounter: undefined }
      const { results } = await team.run([this.#threads[place]!], () => ({ type: 'scan', work }))
      return [...results[0]!.scans]
    } finally {
      this.#alone[place]!--
    }
  }

  /** The place of the thread that has the fewest searches of its own. */
  #leastBusy(): number {
    return this.#alone.indexOf(Math.min(...this.#alone))
  }

  async #scanTogether(search: Search, shards: readonly PlannedShard[]): Promise<(ShardScan | undefined)[]> {
    const exact = shards.filter(({ plan }) => plan.kind === 'exact')
    const settled = await Promise.allSettled([
      exact.length === 0 ? [] : this.#scanExactly(search, exact),
      ...shards.map(shard => {
        const { plan } = shard
        return plan.kind === 'exact' ? undefined : this.#scanByTangent(search, { ...shard, plan })
      }),
    ])
    const [scans, ...byTangent] = settled.map(result => {
      if (result.status === 'rejected') throw result.reason
      return result.value
    })
    const exactScans = [...(scans as ShardScan[])]
    return shards.map(({ plan }, place) =>
      plan.kind === 'exact' ? exactScans.shift() : (byTangent[place] as ShardScan | undefined),
    )
  }

  /** All threads claim the shards' blocks one by one. */
  async #scanExactly({ request, team }: Search, shards: readonly ShardToScan[]): Promise<ShardScan[]> {
    const blockCounter =
      this.#blockCounters.pop()?.fill(0) ?? new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
    try {
      const planned = shards.map(shard => ({ ...shard, plan: { kind: 'exact' } as const }))
      const work = { ...scanTaskOf(request), shards: planned, blockCounter }
      const { results } = await team.run(this.#threads, () => ({ type: 'scan', work }))
      return shards.map((_, place) => {
        const scans = results.map(result => result.scans[place]!)
        return mergeScans(scans, request.limit)
      })
    } finally {
      this.#blockCounters.push(blockCounter)
    }
  }

  /** Each thread ranks its part, then each scores some of the best of all parts. */
  async #scanByTangent(
    { request, team }: Search,
    shard: ShardToScan & { readonly plan: TangentPlan },
  ): Promise<ShardScan | undefined> {
    let scoreMs = 0
    const sent = { shard: shard.shard, segments: shard.segments }
    const steps: TangentSteps = {
      rank: async wish => {
        const { workMs, ...ranked } = await this.#rankBy({ request, team }, sent, wish)
        scoreMs += workMs
        return ranked
      },
      score: async candidates => {
        const { workMs, ...scored } = await this.#scoreBy({ request, team }, sent, candidates)
        scoreMs += workMs
        return scored
      },
    }
    const segments = shard.segments.map(({ key, eligible, position }) => {
      const { ids } = this.held(key)
      return { eligible, position, ids }
    })
    const found = await searchByTangent({ ...shard, segments }, steps, request)
    return found && { ...found, scoreMs }
  }

  async #scoreBy(
    { request, team }: Search,
    shard: ShardToScan,
    candidates: readonly RowToScore[],
  ): Promise<ScoredRows> {
    const query = queryOf(request)
    const parts = divide(candidates, this.#threads.length)
    const { results, workMs } = await team.run(this.#threads.slice(0, parts.length), part => ({
      type: 'score',
      work: { ...query, shard, candidates: parts[part]! },
    }))
    return { ...joinScores(results, parts), workMs }
  }

  async #rankBy(
    { request, team }: Search,
    shard: ShardToScan,
    wish: Omit<RankWish, 'part' | 'of'>,
  ): Promise<Ranked & { readonly workMs: number }> {
    const of = this.#threads.length
    const query = queryOf(request)
    const { results, workMs } = await team.run(this.#threads, part => ({
      type: 'rank',
      work: { ...query, shard, wish: { ...wish, part, of } },
    }))
    const repeats = shard.segments.some(({ key }) => this.held(key).starts !== undefined)
    const parts = results.map(({ ranked }) => ranked)
    return { ...mergeRanked(parts, { kept: wish.kept, repeats }), workMs }
  }

  async #inTeam<Result>(
    request: ScanRequest,
    deadline: Deadline,
    work: (search: Search) => Promise<Result>,
  ): Promise<Result & { readonly queueMs: number }> {
    const team = new QueryTeam(deadline)
    try {
      const result = await work({ request, team })
      return { ...result, queueMs: team.queueMs }
    } finally {
      team.end()
    }
  }
}

function queryOf({ qnet, composed, scoring, rangeSample, endEpochMs }: ScanRequest): TaskQuery {
  return { qnet, composed, scoring, rangeSample, endEpochMs }
}

function queryToPlan({ qnet: { architecture }, composed }: ScanRequest): QueryToPlan {
  if (composed === undefined) return queryOfOne(architecture)
  const { leaves, expression } = composed
  const leading = leadingLeaves(expression).length
  return { architecture, qnets: leaves.length, leading, isUnion: isUnion(expression) }
}

function scanTaskOf(request: ScanRequest): Omit<ScanTask, 'shards' | 'blockCounter'> {
  return { ...queryOf(request), limit: request.limit, after: request.after }
}
