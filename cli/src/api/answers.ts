/** The coordinator's answers, as docs/api.md describes them. */

export interface ModelReference {
  readonly name: string
  readonly digest: string
}

/** What searches can filter by, by name. */
export type FieldDescriptions = Readonly<Record<string, { readonly type: string; readonly list: boolean }>>

export interface IndexDescription {
  readonly name: string
  readonly model: ModelReference
  readonly shards: number
  readonly replicas: number
  readonly fields: FieldDescriptions
  readonly documents: number
  /** Longer than the model reads: their vectors are of their beginning. */
  readonly documents_truncated: number
  /** Half of their tokens or more are not in the model's vocabulary, or they have none. */
  readonly documents_unreadable: number
  /** Of all tokens; null where none were counted. */
  readonly unknown_token_share: number | null
  /** Could not be encoded and are not searched. */
  readonly documents_aside: number
  readonly segments: number
  readonly generation: number
  readonly manifest_version: number
  readonly sequence: number
  readonly created_at: string
}

export interface IndexRequest {
  readonly name: string
  readonly model?: string
  readonly shards?: number
  readonly replicas?: number
  readonly fields?: FieldDescriptions
}

export interface ModelDescription extends ModelReference {
  readonly description: string
  readonly license: string
  readonly source: string
  /** BCP 47 tags; empty where the model does not say. */
  readonly languages: readonly string[]
  readonly vector_width: number
  readonly qnet: {
    /** Widths from the document vector to the score, which is 1. */
    readonly vector_dimensions: readonly number[]
    readonly activation: string | null
    readonly layer_norm: boolean
    readonly layer_norm_before_residual: boolean
    readonly residual: boolean
    readonly residual_on_last: boolean
  }
  readonly qnet_parameters: number
  readonly max_query_tokens: number
  readonly max_document_tokens: number
  readonly bytes: number
  readonly default?: boolean
}

/** An index that no search can use until its model is there. */
export interface IndexWithoutModel {
  readonly index: string
  readonly generation: number
  readonly model: ModelReference
  /** What is wrong and what to do. */
  readonly message: string
}

export interface ClusterDescription {
  readonly encoder: {
    readonly address: string
    /** Null while it does not answer. */
    readonly models: readonly ModelReference[] | null
  }
  /** Null while the encoder service does not answer. */
  readonly indexes_without_model: readonly IndexWithoutModel[] | null
  readonly servers: readonly ServerDescription[]
}

export interface ServerDescription {
  readonly address: string
  readonly live: boolean
  /** Null while it lives. */
  readonly down_reason: string | null
  readonly weight: number
  /** Searches that it has not answered yet. */
  readonly outstanding: number
  readonly shards: readonly {
    readonly index: string
    readonly shard: number
    readonly documents: number
    /** Loaded at the version that searches pin. */
    readonly warm: boolean
  }[]
}

export interface SearchRequest {
  readonly query: string
  /** Another build of the index than the one that is served. */
  readonly generation?: number
  readonly k?: number
  readonly cursor?: string
  readonly min_coverage?: number
  readonly timeout_ms?: number
  readonly profile?: boolean
  readonly ids_only?: boolean
  readonly precision?: 'fp32' | 'int8'
  readonly plan?: 'exact' | 'tangent' | 'graph' | 'auto'
  readonly recall?: number
  readonly candidates?: number
  readonly expansion?: number
  readonly filter?: Readonly<Record<string, unknown>>
}

export interface Hit {
  readonly id: string
  /** Null for a score that was not finite. */
  readonly score: number | null
  readonly title?: string
  readonly text?: string
  readonly fields?: Readonly<Record<string, unknown>>
}

export interface MissingShard {
  readonly shard: number
  readonly server: string
  readonly code: string
  readonly message: string
  readonly documents_missing: number
}

export interface SearchProfile {
  readonly encode_ms: number
  readonly fan_out_ms: number
  readonly merge_ms: number
  readonly fetch_ms: number
  readonly qnet_bytes: number
  readonly query_form: 'weights' | 'token_states'
  readonly qnet_cached: boolean
  readonly shards: readonly {
    readonly shard: number
    readonly server: string
    readonly documents_scored: number
    readonly documents_scanned: number
    readonly documents_walked: number
    readonly plan: 'exact' | 'tangent' | 'graph'
    readonly queue_ms: number
    readonly head_ms: number
    readonly score_ms: number
    readonly ship_ms: number
    readonly stop_reason: string
  }[]
}

export interface SearchAnswer {
  readonly hits: readonly Hit[]
  readonly coverage: {
    readonly documents_eligible: number
    readonly documents_matched: number
    readonly documents_scored: number
    readonly documents_scanned: number
    readonly documents_walked: number
    readonly ratio: number
    readonly non_finite_scores: number
    readonly missing: readonly MissingShard[]
  }
  readonly plan: string
  readonly took_ms: number
  readonly manifest_version: number
  readonly query_truncated: boolean
  readonly query_tokens: number
  /** Of these, the ones that the model's vocabulary does not have. */
  readonly query_unknown_tokens: number
  readonly next_cursor: string | null
  readonly profile?: SearchProfile
}

export interface FailedLine {
  readonly line: number
  readonly id: string | null
  readonly code: string
  readonly message: string
}

export interface PutAnswer {
  readonly received: number
  /** Lines that are durable. */
  readonly accepted: number
  readonly failed: number
  /** Of the write in the index's log; null when nothing was written. */
  readonly sequence: number | null
  readonly repeated: boolean
  readonly searchable: boolean
  /** Why indexing does not go on, when it does not. */
  readonly problem: { readonly code: string; readonly message: string } | null
  /** That the model cannot read; null until they are searchable, or when it is not known. */
  readonly documents_unreadable: number | null
  /** The first of them. */
  readonly unreadable: readonly { readonly id: string; readonly tokens: number; readonly unknown_tokens: number }[]
  readonly took_ms: number
  readonly manifest_version: number
  /** The first 1,000 bad lines. */
  readonly errors: readonly FailedLine[]
}

export interface StoredDocument {
  readonly id: string
  readonly title: string
  readonly text: string
  readonly fields: Readonly<Record<string, unknown>>
  /** The sequence number of the write that put it. */
  readonly version: number
  /** That the model read, and of these the unknown ones; null where they were not counted. */
  readonly tokens: number | null
  readonly unknown_tokens: number | null
}

export type GenerationPhase = 'building' | 'live' | 'cancelled' | 'dropped'

/** One build of an index. */
export interface GenerationDescription {
  readonly index: string
  readonly generation: number
  readonly model: ModelReference
  readonly shards: number
  readonly phase: GenerationPhase
  readonly paused: boolean
  /** The names that stand for it. */
  readonly names: readonly string[]
  readonly documents: number
  readonly documents_aside: number
  readonly segments: number
  readonly manifest_version: number
  readonly sequence: number
  readonly progress: {
    /** Null for the first generation, which is no copy. */
    readonly backfill_total: number | null
    readonly backfill_done: number | null
    readonly lag: number
    readonly caught_up: boolean
    readonly documents_per_second: number
    readonly seconds_left: number | null
    readonly problem: { readonly code: string; readonly message: string } | null
  }
  readonly documents_per_second_max: number | null
  readonly search_p99_ms_max: number | null
  readonly slowed_to_documents_per_second: number | null
  readonly sample_queries: number
  readonly segments_to_calibrate: number
  readonly created_at: string
}

export interface ReindexRequest {
  readonly model?: string
  readonly shards?: number
  readonly documents_per_second_max?: number
  readonly search_p99_ms_max?: number
  readonly sample_queries?: readonly string[]
}

export interface GenerationOrder {
  readonly paused?: boolean
  readonly documents_per_second_max?: number | null
  readonly sample_queries?: readonly string[] | null
}

export interface ParityReport {
  readonly queries: number
  readonly overlap_at_10: number
  readonly score_correlation: number | null
  readonly documents_served: number
  readonly documents_candidate: number
  readonly most_different: readonly {
    readonly query: string
    readonly overlap: number
    readonly served: readonly string[]
    readonly candidate: readonly string[]
  }[]
}

export interface Verification {
  readonly generation: number
  readonly manifest_version: number
  readonly segments: number
  readonly bytes: number
  readonly documents: number
  readonly documents_counted: number
  readonly problems: readonly string[]
}

export interface CollectedFiles {
  readonly files: number
  /** The first 1,000. */
  readonly keys: readonly string[]
}

/** A document that could not be encoded. */
export interface AsideDocument {
  readonly id: string
  readonly title: string
  readonly version: number
  readonly code: string
  readonly message: string
}

export interface AliasDescription {
  readonly alias: string
  readonly index: string
  readonly generation: number
  /** Why it leads nowhere, and what to do. */
  readonly problem: string | null
}

export interface AliasTable {
  readonly version: number
  readonly aliases: readonly AliasDescription[]
  readonly created_at: string
}

export interface AliasHistory {
  readonly versions: readonly {
    readonly version: number
    readonly actions: readonly {
      readonly alias: string
      readonly index: string | null
      readonly generation: number | null
    }[]
    readonly created_at: string
  }[]
}

export type AliasAction =
  | { readonly add: { readonly alias: string; readonly index: string; readonly generation?: number } }
  | { readonly remove: { readonly alias: string } }

export interface PutProgress {
  readonly received: number
  /** Once the documents are durable. */
  readonly sequence: number | null
  /** Documents of the index that are not searchable yet; null until these are durable. */
  readonly waiting: number | null
}

export interface SnapshotDescription {
  readonly index: string
  readonly name: string
  readonly model: ModelReference
  readonly documents: number
  readonly generation: number
  readonly manifest_version: number
  readonly sequence: number
  readonly created_at: string
}
