/**
 * A thread that scores. A run of onnxruntime blocks its thread, so it happens here: the main thread stays free for health
 * checks and other calls. Vectors lie in shared memory. Queries take turns, a piece each (a block, a stretch, a walk), so
 * that a short one does not wait for a long one to end.
 */
import assert from 'node:assert/strict'
import { parentPort } from 'node:worker_threads'
import { nothingScanned, toFailure } from '@hypershard/common'
import { DocumentGraph } from '@hypershard/storage/rows'
import type { ShardScan, ShardToScan } from '../ports.ts'
import type { ThreadReply } from '../threads/thread-calls.ts'
import { areKnownBad, checkWeightsOnce, expectGoodWeights } from './check-weights.ts'
import { JointScores } from './joint-scores.ts'
import type {
  HoldMessage,
  ScanTask,
  ScoringTask,
  TaskQuery,
  TaskResult,
  ThreadAnswer,
  ToScoringThread,
} from './messages.ts'
import { jointTangents, laterScorer, type QueryScorer, scoreCandidates } from './query-scorer.ts'
import { QueryTurns } from './query-turns.ts'
import { type RankOptions, rankCandidates } from './rank-candidates.ts'
import { idsOf, type ScannableSegment, type ScanSegment } from './scan-segment.ts'
import { scanShards } from './scan-shards.ts'
import { searchByTangent, type TangentPlan } from './search-by-tangent.ts'
import { SharedPasses } from './shared-passes.ts'
import { TurnQueue } from './turn-queue.ts'
import { openVectorsFile, vectorsInMemory } from './vector-rows.ts'

interface OpenSegment extends ScannableSegment {
  close(): void
}

/** A task under way. */
interface Query {
  readonly work: TaskQuery
  readonly scorer: QueryScorer
  readonly joint: JointScores
  readonly turns: QueryTurns
  readonly stopBefore: (expectedPieceMs: number) => 'cancelled' | 'deadline' | undefined
}

const port = parentPort
assert(port !== null, 'a scoring thread is started as a worker')

const segments = new Map<string, OpenSegment>()
const queue = new TurnQueue()
const passes = new SharedPasses()
/** Of tasks under way, by call. */
const underWay = new Map<number, { cancelled: boolean }>()
const monotonicMs = () => performance.now()

port.on('message', (message: ToScoringThread) => {
  switch (message.type) {
    case 'hold':
      port.postMessage(hold(message))
      break
    case 'drop':
      segments.get(message.key)?.close()
      segments.delete(message.key)
      break
    case 'cancel': {
      const task = underWay.get(message.call)
      if (task !== undefined) task.cancelled = true
      break
    }
    case 'close':
      queue.close()
      // Files that are still open close when the thread ends, after the piece that it scores now.
      port.close()
      break
    default:
      void answer(message.call, message)
  }
})

function hold(message: HoldMessage): ThreadReply<ThreadAnswer> {
  const { call } = message
  try {
    segments.set(message.key, openSegment(message))
    return { call, answer: { result: { type: 'held' }, queueMs: undefined, workMs: 0 } }
  } catch (error) {
    return { call, ...toFailure(error) }
  }
}

async function answer(call: number, task: ScoringTask): Promise<void> {
  const state = { cancelled: false }
  underWay.set(call, state)
  let queueMs: number | undefined
  const arrivedMs = monotonicMs()
  const query = queryOf(task.work, state, () => {
    queueMs = monotonicMs() - arrivedMs
  })
  try {
    const result = await perform(task, query)
    port!.postMessage({
      call,
      answer: { result, queueMs, workMs: query.turns.workMs },
    } satisfies ThreadReply<ThreadAnswer>)
  } catch (error) {
    port!.postMessage({ call, ...toFailure(error) })
  } finally {
    underWay.delete(call)
  }
}

function queryOf(work: TaskQuery, state: { readonly cancelled: boolean }, onRead: () => void): Query {
  const stopBefore = (expectedPieceMs: number) => {
    if (state.cancelled || areKnownBad(work.qnet)) return 'cancelled'
    const nowMs = performance.timeOrigin + performance.now()
    return nowMs + expectedPieceMs > work.endEpochMs ? 'deadline' : undefined
  }
  const turns = new QueryTurns({ queue, stopBefore, monotonicMs })
  const scorer = laterScorer(work, onRead)
  return { work, scorer, joint: new JointScores(scorer), turns, stopBefore }
}

async function perform(task: ScoringTask, query: Query): Promise<TaskResult> {
  switch (task.type) {
    case 'scan':
      return { type: 'scan', scans: await scan(task.work, query) }
    case 'rank': {
      const { shard, wish } = task.work
      const ranked = await rankCandidates(scanSegments(shard), wish, rankOptions(query))
      // Nobody answers a query before its weights are checked. Whoever scores the candidates waits for that.
      checkWeightsOnce(query.work.qnet)
      if (areKnownBad(query.work.qnet)) expectGoodWeights(query.work.qnet)
      return { type: 'rank', ranked }
    }
    case 'score': {
      const { shard, candidates } = task.work
      const { joint, turns } = query
      const scored = await scoreCandidates(joint, scanSegments(shard), candidates, piece => turns.take(piece))
      expectGoodWeights(query.work.qnet)
      return { type: 'score', ...scored }
    }
  }
}

async function scan(work: ScanTask, query: Query): Promise<(ShardScan | undefined)[]> {
  const tooLate = query.stopBefore(0)
  if (tooLate !== undefined && !areKnownBad(work.qnet)) return work.shards.map(({ shard }) => unscored(shard, tooLate))
  const { blockCounter } = work
  const scans: (ShardScan | undefined)[] = []
  if (blockCounter !== undefined) {
    // Every thread has work, so one checks before it begins.
    checkWeightsOnce(work.qnet)
    scans.push(...(await scanExactly(work.shards, work, query, () => Atomics.add(blockCounter, 0, 1))))
  } else {
    scans.push(...(await scanAlone(work, query)))
  }
  expectGoodWeights(work.qnet)
  return scans
}

/** Shards by tangent go on side by side, so that they are scored together; others one after the other. */
async function scanAlone(work: ScanTask, query: Query): Promise<(ShardScan | undefined)[]> {
  const byTangent = work.shards.flatMap(({ plan, ...shard }) => (plan.kind === 'tangent' ? { ...shard, plan } : []))
  const opened = byTangent.map(scanSegments)
  const tangents = jointTangents(query.scorer, opened)
  // All of them, so that none reads a segment after the answer.
  const settled = await Promise.allSettled(
    byTangent.map((shard, at) => scanByTangent({ ...shard, opened: opened[at]! }, work, query, tangents[at]!)),
  )
  const found = settled.map(result => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
  const scans: (ShardScan | undefined)[] = []
  for (const shard of work.shards) {
    let block = 0
    if (shard.plan.kind === 'tangent') scans.push(found.shift())
    else scans.push(...(await scanExactly([shard], work, query, () => block++)))
  }
  return scans
}

async function scanExactly(
  shards: readonly ShardToScan[],
  { limit, after }: ScanTask,
  { scorer, stopBefore }: Query,
  claimPiece: () => number,
): Promise<ShardScan[]> {
  const opened = shards.map(shard => ({ shard: shard.shard, segments: scanSegments(shard) }))
  const steps = scanShards(scorer, opened, { limit, after, monotonicMs, stopBefore, claimPiece })
  for (;;) {
    const { done, value } = await queue.run(() => steps.next())
    if (done) return value
  }
}

async function scanByTangent(
  { opened, ...shard }: ShardToScan & { readonly plan: TangentPlan; readonly opened: readonly ScanSegment[] },
  options: ScanTask,
  { joint, scorer, stopBefore }: Query,
  tangents: RankOptions['tangents'],
): Promise<ShardScan | undefined> {
  const turns = new QueryTurns({ queue, stopBefore, monotonicMs })
  const ranking = { ...rankOptions({ scorer, turns }), tangents }
  const found = await searchByTangent(
    { ...shard, segments: opened.map(({ segment: { ids }, ...at }) => ({ ...at, ids })) },
    {
      rank: wish => rankCandidates(opened, { ...wish, part: 0, of: 1 }, ranking),
      score: candidates => scoreCandidates(joint, opened, candidates, piece => turns.take(piece)),
    },
    options,
  )
  return found && { ...found, scoreMs: turns.workMs }
}

function rankOptions({ scorer, turns }: Pick<Query, 'scorer' | 'turns'>): RankOptions {
  return { tangents: scorer.tangents, takeTurn: (piece: () => Promise<void> | void) => turns.take(piece), passes }
}

function unscored(shard: number, stop: ShardScan['stop']): ShardScan {
  return { shard, hits: [], ...nothingScanned, plan: 'exact', nonFiniteScores: 0, stop, scoreMs: 0 }
}

function scanSegments(shard: ShardToScan): ScanSegment[] {
  return shard.segments.map(({ key, ...rows }) => ({ segment: heldSegment(key), ...rows }))
}

function heldSegment(key: string): ScannableSegment {
  const segment = segments.get(key)
  assert(segment !== undefined, `segment ${key} is scanned while it is not held`)
  return segment
}

function openSegment({ vectors: held, ids, width, scanCopy, graphPath, vectorStarts }: HoldMessage): OpenSegment {
  const graph = graphPath === undefined ? undefined : DocumentGraph.open(graphPath, width)
  const file = 'path' in held ? openVectorsFile(held.path, width) : undefined
  return {
    graph,
    starts: vectorStarts,
    scanCopy,
    vectors: 'path' in held ? file! : vectorsInMemory(held, width),
    close: () => file?.close(),
    ids: idsOf(ids),
  }
}
