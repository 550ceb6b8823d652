/** check → pin → lease → score → answer. A shard that cannot be loaded fails alone. */
import { type Deadline, HypershardError } from '@hypershard/common'
import type { QNet } from '@hypershard/proto/qnet'
import {
  ScoringPrecision as ProtoScoring,
  type SearchShardsRequest,
  type SearchShardsResponse,
  type ShardResult,
  StopReason,
} from '@hypershard/proto/shard'
import { architectureFromProto, precisionFromProto, type ScoringPrecision, vectorWidth } from '@hypershard/qnet'
import type { Manifest } from '@hypershard/segments'
import { checkManifestReference, checkShards, toShardError } from './check-request.ts'
import type { SegmentHolder, ShardLease } from './holding/segment-holder.ts'
import type { ScanAnswer, ScanTask } from './scoring/messages.ts'
import type { ScanStop, ShardScan } from './scoring/scan-shards.ts'
import type { ScoringPool } from './scoring/scoring-pool.ts'

/** The public API's bound on k, and one more: how the coordinator learns that there is a further page. */
const limitMax = 1_001

/** Time kept of a call's deadline for the answer's way back: a tenth, within these bounds. */
const replyReserveMs = { min: 2, max: 50 }

export async function searchShards(
  { holder, scoring }: { holder: SegmentHolder; scoring: ScoringPool },
  request: SearchShardsRequest,
  deadline: Deadline,
): Promise<SearchShardsResponse> {
  const precision = checkSearch(request)
  const manifest = await holder.manifest(checkManifestReference(request.manifest))
  checkShards(manifest, request.shards)
  const qnet = checkQNet(request.qnet, manifest)
  const scoringDeadline = deadline.earlier(replyReserve(deadline))
  const leases = await Promise.all(request.shards.map(shard => leaseShard(holder, manifest, shard, scoringDeadline)))
  try {
    const ready = leases.filter(isLease)
    const sample = precision === 'int8' ? await holder.calibrationSample(manifest) : new Float32Array(0)
    const work: ScanTask = {
      qnet,
      scoring: precision,
      sample,
      limit: request.limit,
      after: request.after,
      endEpochMs: performance.timeOrigin + performance.now() + scoringDeadline.remainingMs,
      shards: ready.map(({ shard, segments }) => ({ shard, segments })),
    }
    const answer = ready.length === 0 ? { scans: [], queueMs: 0 } : await scoring.scan(work, scoringDeadline)
    return { results: toResults(request.shards, leases, answer) }
  } finally {
    for (const lease of leases) if (isLease(lease)) lease.release()
  }
}

function checkSearch(request: SearchShardsRequest): ScoringPrecision {
  if (request.limit < 1 || request.limit > limitMax) {
    throw new HypershardError('invalid_request', `limit must be 1 to ${limitMax}, not ${request.limit}`)
  }
  switch (request.precision) {
    case ProtoScoring.SCORING_PRECISION_FP32:
    case ProtoScoring.SCORING_PRECISION_UNSPECIFIED:
      return 'fp32'
    case ProtoScoring.SCORING_PRECISION_INT8:
      return 'int8'
    default:
      throw new HypershardError('invalid_request', `no scoring precision ${request.precision}`)
  }
}

/** Vectors of one model mean nothing to a q-net of another, even where the widths agree. */
function checkQNet(qnet: QNet | undefined, manifest: Manifest): ScanTask['qnet'] {
  if (qnet === undefined) throw new HypershardError('invalid_request', 'the request has no q-net')
  if (qnet.modelDigest !== manifest.modelDigest) {
    const message =
      `index \`${manifest.index}\` is of model ${manifest.modelDigest.slice(0, 12)}, the q-net of model ` +
      `${qnet.modelDigest.slice(0, 12)}; encode the query with the index's model`
    const details = { index: manifest.index, indexModel: manifest.modelDigest, qnetModel: qnet.modelDigest }
    throw new HypershardError('model_mismatch', message, { details })
  }
  const architecture = architectureFromProto(qnet.architecture)
  if (vectorWidth(architecture) !== manifest.vectorWidth) {
    const message = `the q-net reads vectors of width ${vectorWidth(architecture)}, the index has ${manifest.vectorWidth}`
    throw new HypershardError('model_mismatch', message)
  }
  const precision = precisionFromProto(qnet.precision)
  return { digest: qnet.digest, architecture, precision, weights: qnet.weights }
}

function replyReserve(deadline: Deadline): number {
  return Math.min(replyReserveMs.max, Math.max(replyReserveMs.min, deadline.remainingMs / 10))
}

async function leaseShard(
  holder: SegmentHolder,
  manifest: Manifest,
  shard: number,
  deadline: Deadline,
): Promise<ShardLease | ShardResult> {
  try {
    return await holder.lease(manifest, shard, deadline)
  } catch (error) {
    return { ...emptyResult(shard), stopReason: StopReason.STOP_REASON_ERROR, error: toShardError(error) }
  }
}

function isLease(lease: ShardLease | ShardResult): lease is ShardLease {
  return 'release' in lease
}

function toResults(
  shards: readonly number[],
  leases: readonly (ShardLease | ShardResult)[],
  answer: ScanAnswer,
): ShardResult[] {
  const scans = new Map(answer.scans.map(scan => [scan.shard, scan]))
  return shards.map((shard, index) => {
    const lease = leases[index]!
    return isLease(lease) ? toResult(scans.get(shard)!, answer.queueMs) : lease
  })
}

const stopReasons: Readonly<Record<ScanStop, StopReason>> = {
  complete: StopReason.STOP_REASON_COMPLETE,
  deadline: StopReason.STOP_REASON_DEADLINE,
  cancelled: StopReason.STOP_REASON_CANCELLED,
}

function toResult(scan: ShardScan, queueMs: number): ShardResult {
  return {
    ...emptyResult(scan.shard),
    hits: scan.hits.map(({ id, score, segment, row }) => ({ id, score, address: { segment, row } })),
    documentsScored: scan.documentsScored,
    stopReason: stopReasons[scan.stop],
    nonFiniteScores: scan.nonFiniteScores,
    scoreMs: scan.scoreMs,
    queueMs,
  }
}

function emptyResult(shard: number): ShardResult {
  return {
    shard,
    hits: [],
    documentsScored: 0,
    stopReason: StopReason.STOP_REASON_UNSPECIFIED,
    error: undefined,
    nonFiniteScores: 0,
    queueMs: 0,
    scoreMs: 0,
  }
}
