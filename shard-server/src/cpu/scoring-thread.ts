/**
 * A thread that scores. A run of onnxruntime blocks its thread, so it happens here: the main thread stays free for health
 * checks and other calls. Vectors lie in shared memory; all scoring threads work on every query and claim its pieces one
 * by one (blocks, stretches, walks). Queries take turns, a piece each, so that a short one does not wait for a long one to end.
 */
import assert from 'node:assert/strict'
import { parentPort } from 'node:worker_threads'
import { nothingScanned, toFailure } from '@hypershard/common'
import {
  allFinite,
  architectureKey,
  type QNetArchitecture,
  QNetScorer,
  type QNetWeights,
  readWeights,
} from '@hypershard/qnet'
import { DocumentGraph } from '@hypershard/storage'
import { LRUCache } from 'lru-cache'
import type { ScanRequest, ShardScan, SharedQNet } from '../ports.ts'
import type { ThreadReply } from '../threads/thread-calls.ts'
import { areKnownBad, checkWeightsOnce, expectGoodWeights } from './check-weights.ts'
import { choosePlan } from './choose-plan.ts'
import type { HoldMessage, ScanTask, ThreadAnswer, ToScoringThread } from './messages.ts'
import { scanByTangent, type TangentOptions, type TangentShard } from './scan-by-tangent.ts'
import type { ScannableSegment, ScanShard } from './scan-segment.ts'
import { type PieceScorer, scanShards } from './scan-shards.ts'
import { openVectorsFile, vectorsInMemory } from './vector-rows.ts'

/** Compiled architectures kept; a server sees one a model. */
const scorersMax = 8
/** Read q-nets kept: views of the shared weights, for the next page or the next who asks the same. */
const readQNetsMax = 4

interface OpenSegment extends ScannableSegment {
  close(): void
}

interface Turn {
  readonly call: number
  readonly arrivedMs: number
  queueMs: number | undefined
  cancelled: boolean
  readonly steps: AsyncGenerator<void, ShardScan[], void>
}

const port = parentPort
assert(port !== null, 'a scoring thread is started as a worker')

const segments = new Map<string, OpenSegment>()
const scorers = new LRUCache<string, QNetScorer>({ max: scorersMax })
/** By `SharedWeights.copy`. */
const readQNets = new LRUCache<number, QNetWeights>({ max: readQNetsMax })
const turns: Turn[] = []
let driving = false

port.on('message', (message: ToScoringThread) => {
  switch (message.type) {
    case 'hold':
      port.postMessage(hold(message))
      break
    case 'drop':
      segments.get(message.key)?.close()
      segments.delete(message.key)
      break
    case 'scan':
      turns.push(startTurn(message.call, message.work))
      void drive()
      break
    case 'cancel':
      for (const turn of turns) if (turn.call === message.call) turn.cancelled = true
      break
    case 'close':
      turns.length = 0
      // Files that are still open close when the thread ends, after the piece that it scores now.
      port.close()
      break
  }
})

function hold(message: HoldMessage): ThreadReply<ThreadAnswer> {
  const { call } = message
  try {
    segments.set(message.key, openSegment(message))
    return { call, answer: { scans: [], queueMs: undefined } }
  } catch (error) {
    return { call, ...toFailure(error) }
  }
}

/** Gives each waiting query one piece in turn until none is left. */
async function drive(): Promise<void> {
  if (driving) return
  driving = true
  for (let turn = turns[0]; turn !== undefined; turn = turns[0]) {
    const answer = await step(turn)
    // Closing emptied the list meanwhile.
    if (turns.shift() === undefined) break
    if (answer === undefined) turns.push(turn)
    else port?.postMessage(answer)
  }
  driving = false
}

async function step(turn: Turn): Promise<ThreadReply<ThreadAnswer> | undefined> {
  try {
    const { done, value } = await turn.steps.next()
    return done ? { call: turn.call, answer: { scans: value, queueMs: turn.queueMs } } : undefined
  } catch (error) {
    return { call: turn.call, ...toFailure(error) }
  }
}

function startTurn(call: number, work: ScanTask): Turn {
  const turn: Turn = {
    call,
    arrivedMs: performance.now(),
    queueMs: undefined,
    cancelled: false,
    steps: scan(work, () => turn),
  }
  return turn
}

async function* scan(work: ScanTask, turnOf: () => Turn): AsyncGenerator<void, ShardScan[], void> {
  const turn = turnOf()
  const shards = work.shards.map(({ shard, segments: wanted }) => ({
    shard,
    segments: wanted.map(({ key, ...rows }) => ({ segment: heldSegment(key), ...rows })),
  }))
  const stopBefore = (expectedBlockMs: number) => {
    if (turn.cancelled || areKnownBad(work.qnet)) return 'cancelled'
    const nowMs = performance.timeOrigin + performance.now()
    return nowMs + expectedBlockMs > work.endEpochMs ? 'deadline' : undefined
  }
  const tooLate = stopBefore(0)
  if (tooLate !== undefined) return shards.map(({ shard }) => unscored(shard, tooLate))
  const [exact, byTangent] = shareOut(work, shards)
  // In an exact scan every thread has work, so one checks before it begins. By tangent a thread that runs out of work
  // checks.
  if (exact.length > 0) checkWeightsOnce(work.qnet)
  const { scorer, tangents } = laterScorer(work, () => {
    turn.queueMs = performance.now() - turn.arrivedMs
  })
  const { limit, after, pieceCounters } = work
  const options = { limit, after, monotonicMs: () => performance.now(), stopBefore }
  const scans = [
    ...(yield* scanShards(scorer, exact, { ...options, claimPiece: () => Atomics.add(pieceCounters, 0, 1) })),
    ...(yield* scanByTangent(scorer, byTangent, {
      ...options,
      tangents,
      claimPiece: () => Atomics.add(pieceCounters, 1, 1),
    })),
  ]
  expectGoodWeights(work.qnet)
  return shards.map(({ shard }) => scans.find(scan => scan.shard === shard)!)
}

/** The shards that are searched exactly, and the others. */
function shareOut({ plan }: ScanRequest, shards: readonly ScanShard[]): [ScanShard[], TangentShard[]] {
  const exact: ScanShard[] = []
  const byTangent: TangentShard[] = []
  for (const shard of shards) {
    const chosen = choosePlan(plan, shard.segments)
    if (chosen.kind === 'exact') exact.push(shard)
    else byTangent.push({ ...shard, plan: chosen })
  }
  return [exact, byTangent]
}

function unscored(shard: number, stop: ShardScan['stop']): ShardScan {
  return { shard, hits: [], ...nothingScanned, plan: 'exact', nonFiniteScores: 0, stop, scoreMs: 0 }
}

/**
 * Reads the q-net when the first piece is claimed: a thread that finds nothing left to do need not. That happens here, off
 * the main thread: 14 MB take some 10 ms.
 */
function laterScorer(
  { qnet, scoring, rangeSample }: ScanRequest,
  onRead: () => void,
): { readonly scorer: PieceScorer; readonly tangents: TangentOptions['tangents'] } {
  const read = once(async () => {
    const weights = weightsOf(qnet)
    const scorer = scorerOf(qnet.architecture)
    const block = await (scoring === 'int8' ? scorer.prepareInt8(weights, rangeSample) : scorer.prepareFp32(weights))
    onRead()
    return { weights, scorer, block }
  })
  return {
    scorer: { score: async documents => (await read()).block.score(documents) },
    tangents: async points => {
      const { scorer, weights } = await read()
      const tangents = await scorer.tangents(weights, points)
      // Without a tangent every document would be scored. First make sure that the weights are not to be refused.
      if (!allFinite(tangents.scores)) expectGoodWeights(qnet)
      return tangents
    },
  }
}

function once<Result>(make: () => Promise<Result>): () => Promise<Result> {
  let made: Promise<Result> | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** Their values may be anything until `expectGoodWeights` has passed them. */
function weightsOf({ architecture, precision, weights: { bytes, copy } }: SharedQNet): QNetWeights {
  const known = readQNets.get(copy)
  if (known !== undefined) return known
  const read = readWeights(architecture, bytes, precision)
  readQNets.set(copy, read)
  return read
}

function scorerOf(architecture: QNetArchitecture): QNetScorer {
  const key = architectureKey(architecture)
  const scorer = scorers.get(key) ?? new QNetScorer(architecture)
  scorers.set(key, scorer)
  return scorer
}

function heldSegment(key: string): ScannableSegment {
  const segment = segments.get(key)
  assert(segment !== undefined, `segment ${key} is scanned while it is not held`)
  return segment
}

function openSegment({ vectors: held, ids, width, scanCopy, graphPath, recallKnobs }: HoldMessage): OpenSegment {
  const graph = graphPath === undefined ? undefined : DocumentGraph.open(graphPath, width)
  const file = 'path' in held ? openVectorsFile(held.path, width) : undefined
  return {
    graph,
    scanCopy,
    recallKnobs,
    vectors: 'path' in held ? file! : vectorsInMemory(held, width),
    close: () => file?.close(),
    ids: { idBytes: row => ids.bytes.subarray(ids.offsets[row], ids.offsets[row + 1]) },
  }
}
