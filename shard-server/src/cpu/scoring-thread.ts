/**
 * A thread that scores. A run of onnxruntime blocks its thread, so it happens here: the main thread stays free for health
 * checks and other calls. Vectors lie in shared memory. Queries take turns, a piece each (a block, a stretch, a walk), so
 * that a short one does not wait for a long one to end.
 */
import assert from 'node:assert/strict'
import { parentPort } from 'node:worker_threads'
import { nothingScanned, toFailure } from '@hypershard/common'
import { DocumentGraph } from '@hypershard/storage/rows'
import type { ComposedQNets, LeafScores, ShardScan, ShardToScan } from '../ports.ts'
import type { ThreadReply } from '../threads/thread-calls.ts'
import { areKnownBad, checkWeightsOnce, expectGoodWeights, qnetsOf } from './check-weights.ts'
import { ComposedScorer } from './composed/composed-scorer.ts'
import { rankComposed } from './composed/rank-composed.ts'
import { scoreLeaves } from './composed/score-leaves.ts'
import { firstVectorOf } from './document-rows.ts'
import { type EstimatedVectors, estimateVectors } from './estimate-vectors.ts'
import { JointScores, type ScoreRows } from './joint-scores.ts'
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
import { type Ranked, type RankWish, rankCandidates } from './rank-candidates.ts'
import { idsOf, type ScannableSegment, type ScanSegment } from './scan-segment.ts'
import { type PieceScorer, scanShards } from './scan-shards.ts'
import { searchByTangent, type TangentPlan } from './search-by-tangent.ts'
import { SharedPasses } from './shared-passes.ts'
import { type FloatPlane, floatPlanesOf } from './tangent-planes.ts'
import { TurnQueue } from './turn-queue.ts'
import { copyRows, openVectorsFile, vectorsInMemory } from './vector-rows.ts'

interface OpenSegment extends ScannableSegment {
  close(): void
}

/** How a query scores and ranks. */
interface Scoring {
  readonly scorer: PieceScorer
  readonly scoreRows: ScoreRows
  /** For several shards, what ranks each one's segments. */
  readonly rankersOf: (shards: readonly (readonly ScanSegment[])[]) => readonly Ranker[]
  /** Of a composed query. */
  readonly composed: ComposedScorer | undefined
  /** Of a query of one q-net. */
  readonly tangents: QueryScorer['tangents'] | undefined
}

type Ranker = (wish: RankWish, turns: QueryTurns) => Promise<Ranked>

/** A task under way. */
interface Query extends Scoring {
  readonly work: TaskQuery
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
    if (state.cancelled || qnetsOf(work).some(areKnownBad)) return 'cancelled'
    const nowMs = performance.timeOrigin + performance.now()
    return nowMs + expectedPieceMs > work.endEpochMs ? 'deadline' : undefined
  }
  const turns = new QueryTurns({ queue, stopBefore, monotonicMs })
  const scoring = work.composed === undefined ? scoringOf(work, onRead) : composedScoringOf(work, work.composed, onRead)
  return { work, ...scoring, joint: new JointScores(scoring.scoreRows), turns, stopBefore }
}

function scoringOf(work: TaskQuery, onRead: () => void): Scoring {
  const scorer = laterScorer(work, onRead)
  const { tangents } = scorer
  const scoreRows: ScoreRows = rows => scorer.score(copyRows(rows))
  return { scorer, scoreRows, composed: undefined, tangents, rankersOf: shards => rankersBy(scorer, shards) }
}

/** The tangents of all shards are made in one run. */
function rankersBy(scorer: QueryScorer, shards: readonly (readonly ScanSegment[])[]): Ranker[] {
  const tangents = jointTangents(scorer, shards)
  return shards.map((segments, at) => (wish, turns) => {
    const takeTurn = (piece: () => Promise<void> | void) => turns.take(piece)
    return rankCandidates(segments, wish, { tangents: tangents[at]!, takeTurn, passes })
  })
}

function composedScoringOf(work: TaskQuery, composed: ComposedQNets, onRead: () => void): Scoring {
  const { expression } = composed
  const scorer = new ComposedScorer({ ...work, composed }, onRead)
  const rankersOf = (shards: readonly (readonly ScanSegment[])[]) => {
    const tangents = scorer.leafTangentsOf(shards)
    return shards.map((segments, at): Ranker => {
      const leafTangents = tangents[at]!
      return (wish, turns) => {
        const takeTurn = (piece: () => Promise<void> | void) => turns.take(piece)
        return rankComposed(segments, wish, { expression, leafTangents, takeTurn })
      }
    })
  }
  return { scorer, scoreRows: rows => scorer.scoreRows(rows), composed: scorer, tangents: undefined, rankersOf }
}

async function perform(task: ScoringTask, query: Query): Promise<TaskResult> {
  switch (task.type) {
    case 'scan':
      return { type: 'scan', scans: await scan(task.work, query) }
    case 'rank': {
      const { shard, wish } = task.work
      const [rank] = query.rankersOf([scanSegments(shard)])
      const ranked = await rank!(wish, query.turns)
      // Nobody answers a query before its weights are checked. Whoever scores the candidates waits for that.
      for (const qnet of qnetsOf(query.work)) {
        checkWeightsOnce(qnet)
        if (areKnownBad(qnet)) expectGoodWeights(qnet)
      }
      return { type: 'rank', ranked }
    }
    case 'planes': {
      const segments = scanSegments(task.work.shard)
      let planes: readonly FloatPlane[] = []
      const stop = await query.turns.take(async () => {
        planes = await floatPlanesOf(segments, () => query.tangents!(segments))
      })
      expectAllGood(query.work)
      return { type: 'planes', planes, stop }
    }
    case 'estimate': {
      const { shard, planes, vectors } = task.work
      let found: EstimatedVectors = { estimates: new Float64Array(0), products: new Float64Array(0) }
      const stop = await query.turns.take(() => {
        found = estimateVectors(scanSegments(shard), planes, vectors)
      })
      return { type: 'estimate', ...found, stop }
    }
    case 'score': {
      const { shard, candidates } = task.work
      const { joint, turns } = query
      const scored = await scoreCandidates(joint, scanSegments(shard), candidates, piece => turns.take(piece))
      expectAllGood(query.work)
      return { type: 'score', ...scored }
    }
    case 'leaves': {
      const rows = task.work.rows.map(({ key, ...row }) => ({ ...row, segment: heldSegment(key) }))
      const found = await scoreLeaves(query.composed!, task.work.composed!, rows, piece => query.turns.take(piece))
      expectAllGood(query.work)
      return { type: 'leaves', found }
    }
  }
}

function expectAllGood(work: TaskQuery): void {
  for (const qnet of qnetsOf(work)) expectGoodWeights(qnet)
}

async function scan(work: ScanTask, query: Query): Promise<(ShardScan | undefined)[]> {
  const tooLate = query.stopBefore(0)
  if (tooLate !== undefined && !qnetsOf(work).some(areKnownBad))
    return work.shards.map(({ shard }) => unscored(shard, tooLate))
  const { blockCounter } = work
  const scans: (ShardScan | undefined)[] = []
  if (blockCounter !== undefined) {
    // Every thread has work, so one checks before it begins.
    for (const qnet of qnetsOf(work)) checkWeightsOnce(qnet)
    scans.push(...(await scanExactly(work.shards, work, query, () => Atomics.add(blockCounter, 0, 1))))
  } else {
    scans.push(...(await scanAlone(work, query)))
  }
  expectAllGood(work)
  return scans
}

/** Shards by tangent go on side by side, so that they are scored together; others one after the other. */
async function scanAlone(work: ScanTask, query: Query): Promise<(ShardScan | undefined)[]> {
  const byTangent = work.shards.flatMap(({ plan, ...shard }) => (plan.kind === 'tangent' ? { ...shard, plan } : []))
  const opened = byTangent.map(scanSegments)
  const rankers = query.rankersOf(opened)
  // All of them, so that none reads a segment after the answer.
  const settled = await Promise.allSettled(
    byTangent.map((shard, at) => scanByTangent({ ...shard, opened: opened[at]! }, work, query, rankers[at]!)),
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
  { joint, stopBefore, composed }: Query,
  rank: Ranker,
): Promise<ShardScan | undefined> {
  const turns = new QueryTurns({ queue, stopBefore, monotonicMs })
  const found = await searchByTangent(
    { ...shard, segments: opened.map(({ segment: { ids }, ...at }) => ({ ...at, ids })) },
    {
      rank: wish => rank({ ...wish, part: 0, of: 1 }, turns),
      score: candidates => scoreCandidates(joint, opened, candidates, piece => turns.take(piece)),
    },
    options,
  )
  return (
    found && { ...found, ...(composed && { leaves: leavesOfHits(composed, opened, found) }), scoreMs: turns.workMs }
  )
}

/** All hits were candidates, so that their leaves' scores are known. */
function leavesOfHits(
  composed: ComposedScorer,
  opened: readonly ScanSegment[],
  { hits }: Pick<ShardScan, 'hits'>,
): LeafScores {
  const segments = new Map(opened.map(({ position, segment }) => [position, segment]))
  const rows = hits.map(({ segment, row, passage = 0 }) => {
    const { vectors, starts } = segments.get(segment)!
    return { vectors, row: firstVectorOf(starts, row) + passage }
  })
  return composed.keptOf(rows)
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
