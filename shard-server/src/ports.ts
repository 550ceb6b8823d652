/**
 * What the server's flows need of whatever scores: the search flow and the holder know this port alone, `cpu` and
 * `device` implement it. All that passes through it is plain data, big buffers shared.
 */
import type { Deadline, RankStart, ScanCounts } from '@hypershard/common'
import type { Precision, QNetArchitecture, ScoringPrecision } from '@hypershard/qnet'
import type { RecallKnob } from '@hypershard/storage'
import type { Expression } from './cpu/composed/expression.ts'
import type { ScoreSheet } from './cpu/score-sheet.ts'
import type { SharedWeights } from './qnets/weights-memory.ts'

/**
 * What holds segments and scores them. However a backend finds its hits, the last word on ids, order and scores is the
 * CPU's deterministic code: every server gives the same exact answer, whatever device helps it.
 */
export interface ScoringBackend {
  /** What it scores on, as operators name it: `cpu`, `webgpu`, `cuda:0`. */
  readonly device: string
  /** What computes the last word's scores: backends of one kernel give one q-net and document the same bits. */
  readonly kernel: string
  /** What lies on its device; undefined without one. */
  readonly deviceMemory: DeviceMemoryUse | undefined
  /**
   * Has a segment ready to be scanned when this ends, whole or not at all. Arrays are not copied; files are not needed any
   * more once it has ended.
   * @throws HypershardError of what could not take it; then nothing of the segment is left
   */
  hold(segment: SegmentToHold): Promise<void>
  /** Lets go of a segment that no scan reads any more; nothing happens to one that is not held. */
  drop(key: string): void
  /**
   * Scores segments that are held. The answer may be cut short by the request's end or by the caller going away, and says
   * so. Nothing reads the request's segments and weights any more when this has ended, by an error too.
   * @throws HypershardError `invalid_request` for a q-net that cannot be read, `cancelled` when the caller has gone
   */
  scan(request: ScanRequest, deadline: Deadline): Promise<ScanAnswer>
  /**
   * The q-net's scores of some rows of a shard, or of the first of them: the same bits that any scan gives them.
   * @throws HypershardError as `scan`
   */
  score(request: ScanRequest, shard: ShardToScan, rows: readonly RowToScore[], deadline: Deadline): Promise<ScoredRows>
  /**
   * What the leaves of the request's composed query say of some documents.
   * @throws HypershardError as `scan`, and `deadline_exceeded`
   */
  leafScores(request: ScanRequest, rows: readonly HeldRow[], deadline: Deadline): Promise<LeafScores>
  close(): Promise<void>
}

/** A row of a segment that is held. */
export interface HeldRow {
  /** Of the segment. */
  readonly key: string
  readonly row: number
  /** Which of the document's passages, where it has some. */
  readonly passage: number | undefined
}

export interface LeafScores {
  /** f32 [rows, leaves], row-major, made comparable; NaN for one that is not finite. */
  readonly scores: Float32Array
  /** By row, the leaf that gives it its place. */
  readonly deciding: Uint8Array
}

export interface RowToScore {
  /** Its segment's place in the shard. */
  readonly segment: number
  readonly row: number
}

/** The q-net's scores of rows, or of the first of them. */
export interface ScoredRows {
  readonly scores: Float32Array
  /** The best passage of each, where documents have some. */
  readonly passages: Int32Array | undefined
  /** Why these are not all. */
  readonly stop: Exclude<ScanStop, 'complete'> | undefined
  readonly workMs: number
}

/** What vectors take of a device's memory. */
export interface DeviceMemoryUse {
  readonly limitBytes: number
  readonly heldBytes: number
  /** Segments that the CPU scores instead, and what they would take. */
  readonly cpuSegments: number
  readonly cpuBytes: number
}

/** A segment that was read and checked. */
export interface SegmentToHold {
  readonly key: string
  readonly width: number
  readonly vectors: HeldVectors
  readonly ids: SharedIds
  /** By row, where its vectors begin, and their number at the end; undefined where each document has one. */
  readonly vectorStarts?: Int32Array<SharedArrayBuffer> | undefined
  readonly scanCopy: ScanCopy
  /** Where its graph lies until `hold` has ended; undefined for none. */
  readonly graphPath: string | undefined
  readonly recallKnobs: readonly RecallKnob[]
}

/** f32 vectors in memory, or in a local file of nothing else, which lies there until `hold` has ended. */
export type HeldVectors = Float32Array<SharedArrayBuffer> | { readonly path: string }

/** A segment's ids: row r's UTF-8 is bytes[offsets[r], offsets[r + 1]). */
export interface SharedIds {
  readonly offsets: Int32Array<SharedArrayBuffer>
  readonly bytes: Uint8Array<SharedArrayBuffer>
}

/**
 * int8 vectors, x = byte * scale in each dimension, in stretches of rows. Each has a buffer of its own: usearch reads a typed array from the
 * start of its buffer, wherever the array begins.
 */
export interface ScanCopy {
  /** f32 [width]: the mean of all rows. */
  readonly mean: Float32Array<SharedArrayBuffer>
  /** f32 [width] */
  readonly scales: Float32Array<SharedArrayBuffer>
  /** int8, row-major [at most stretchRows, width]. */
  readonly stretches: readonly Int8Array<SharedArrayBuffer>[]
}

/**
 * How documents are chosen for the q-net to score. exact: all of them. tangent: the best by a tangent of the q-net,
 * among all. graph: the same, among those that a walk of the graph reaches. auto: whichever of these is cheapest and
 * known to reach a recall.
 */
export type ScanPlan =
  | { readonly kind: 'exact' }
  | { readonly kind: 'tangent'; readonly candidates: number }
  | { readonly kind: 'graph'; readonly candidates: number; readonly expansion: number }
  /** `hits`: how many are wanted, counting those of earlier pages. */
  | { readonly kind: 'auto'; readonly recall: number; readonly hits: number }

/** A query's network, its weights where every thread reads them in place. */
export interface SharedQNet {
  /** Of the weights; of token states where the weights were made of them here, which are marked as good then. */
  readonly digest: string
  readonly architecture: QNetArchitecture
  readonly precision: Precision
  readonly weights: SharedWeights
}

/** A query of several. */
export interface ComposedQNets {
  readonly leaves: readonly SharedQNet[]
  readonly expression: Expression
  /** Document vectors [rows, width] that leaves are made comparable on, the same on every server, and what names them. */
  readonly sample: { readonly key: string; readonly vectors: Float32Array }
}

/** One query's work on some shards. */
export interface ScanRequest {
  /** Of a composed query, the first of its leaves. */
  readonly qnet: SharedQNet
  /** Undefined for a query of one q-net. */
  readonly composed?: ComposedQNets | undefined
  readonly scoring: ScoringPrecision
  readonly plan: ScanPlan
  /** Document vectors [rows, width] that int8 scoring measures its ranges on; empty for fp32. */
  readonly rangeSample: Float32Array
  readonly limit: number
  /** With an inclusive one, what ranks before it is counted. */
  readonly after: RankStart | undefined
  /** When to have answered, in milliseconds since the epoch: clocks of threads differ only in their origin. */
  readonly endEpochMs: number
  readonly shards: readonly ShardToScan[]
}

export interface ShardToScan {
  readonly shard: number
  readonly segments: readonly SegmentToScan[]
}

export interface SegmentToScan {
  readonly key: string
  /** The segment's place in the manifest, for the hit's address. */
  readonly position: number
  /** Rows that cannot be hits: replaced, deleted, or left out by the filter; undefined for none. */
  readonly excluded: Uint8Array<ArrayBuffer> | undefined
  /** How many rows can be hits. */
  readonly eligible: number
  /** Where to write the scores of all of them, instead of giving the best as hits; with the plan `exact` alone. */
  readonly sheet?: ScoreSheet | undefined
}

export type ScanStop = 'complete' | 'deadline' | 'cancelled'

export interface ScanAnswer {
  /** One a shard of the request, in its order. */
  readonly scans: readonly ShardScan[]
  /** Time from the request until the first document of it was worked on: waiting, and reading the q-net. */
  readonly queueMs: number
}

export interface ShardScan extends ScanCounts {
  readonly shard: number
  /** Best first. */
  readonly hits: readonly ScanHit[]
  /** What the tangent gave each hit, NaN where none ranked it; undefined where none ranked any. */
  readonly estimates?: readonly number[] | undefined
  /** What the leaves of a composed query say of the hits, where that is known of all; `leafScores` tells it else. */
  readonly leaves?: LeafScores | undefined
  readonly plan: 'exact' | 'tangent'
  readonly nonFiniteScores: number
  /** Documents that were scored and rank before `after`; a device counts none. */
  readonly beforeCount?: number | undefined
  readonly stop: ScanStop
  readonly scoreMs: number
}

export interface ScanHit {
  readonly id: string
  readonly score: number
  readonly segment: number
  readonly row: number
  /** The place of the best among the document's passages, where it has some. */
  readonly passage?: number | undefined
}
