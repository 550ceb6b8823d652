/**
 * What the coordinator needs from other processes. The flows speak to these; src/adapters speaks gRPC. Payloads that
 * the coordinator only passes on keep the shape of their protobuf message. Every method rejects with a
 * HypershardError: what the peer answered, or `unavailable`, `deadline_exceeded`, `cancelled`. What is asked for one
 * request takes its context, and the peer is told of it; what the coordinator asks for itself takes a deadline.
 */
import type { Deadline, HypershardError, RequestContext } from '@hypershard/common'
import type { CrossEncoder, Model, WaitingTexts } from '@hypershard/proto/encoder'
import type { QNet, TokenStates } from '@hypershard/proto/qnet'
import type {
  CountShardsRequest,
  CountShardsResponse,
  CountWordsRequest,
  DeviceMemory,
  DocumentAddress,
  FetchedDocument,
  FindRequest,
  FoundDocument,
  ListShardRequest,
  ListShardResponse,
  ManifestReference,
  PreparedShard,
  SearchShardsRequest,
  ShardResult,
  ShardWords,
} from '@hypershard/proto/shard'
import type { QueryForm } from './search/query-forms.ts'

/**
 * A query as the encoder made it: a q-net with f32 weights, which a shard server that scores in int8 quantises itself, or the
 * token states that it is made of.
 */
export interface EncodedQuery {
  readonly payload: QNet | TokenStates
  /** The text was longer than the model reads. */
  readonly truncated: boolean
  /** Of the text, those that the model read. */
  readonly tokens: number
  /** Of these, the ones that its vocabulary does not have. */
  readonly unknownTokens: number
  /** Where it was asked for. */
  readonly interpretation?: QueryInterpretation
}

/** What a model finds in a query's text. */
export interface QueryInterpretation {
  /** The texts of the needs, of which one is to be met: two at least, or none where the text is one need. */
  readonly pieces: readonly string[]
  /** 0 to 1; of less than the model asks for there are no pieces. */
  readonly confidence: number
}

/** A query, and texts that each make a pair with it. */
export interface PairsToScore {
  /** Of the cross-encoder. */
  readonly modelDigest: string
  readonly query: string
  readonly texts: readonly string[]
}

export interface ScoredPairs {
  /** In the order of the texts. */
  readonly scores: readonly number[]
  /** Of each text: it was longer than the room that the query leaves. */
  readonly truncated: readonly boolean[]
}

/** What a shard server needs of a model. */
export type ModelFileName = 'modelJson' | 'hyperHead'

/** The encoder services, as one. */
export interface EncoderPort {
  /** Of all services, each once. The first is the default. */
  listModels(deadline: Deadline): Promise<readonly Model[]>
  encodeQuery(
    query: { modelDigest: string; text: string; form: QueryForm; interpret?: boolean },
    context: RequestContext,
  ): Promise<EncodedQuery>
  /**
   * Several of one model, each as by itself: what could not be encoded is a failure in its place. As many as
   * `batchSearchesMax`; a service may give the first alone.
   */
  encodeQueries(
    queries: { modelDigest: string; texts: readonly string[]; form: QueryForm },
    context: RequestContext,
  ): Promise<readonly (EncodedQuery | HypershardError)[]>
  /** Of all services, as each said last, those that are away now too: what is asked of them then fails. */
  crossEncoders(): readonly CrossEncoder[]
  scorePairs(pairs: PairsToScore, context: RequestContext): Promise<ScoredPairs>
  /** A whole file of a model's directory, not verified. */
  readModelFile(request: { modelDigest: string; file: ModelFileName }, deadline: Deadline): Promise<Uint8Array>
  close(): void
}

/** What one encoder service says of itself. */
export interface EncoderFacts {
  /** The first is its default. */
  readonly models: readonly Model[]
  readonly crossEncoders: readonly CrossEncoder[]
  readonly draining: boolean
  readonly protocolVersion: number
  /** Undefined of one that is too old to say. */
  readonly waiting?: WaitingTexts | undefined
}

/** One encoder service. */
export interface EncoderServicePort extends Omit<EncoderPort, 'listModels' | 'crossEncoders'> {
  describe(deadline: Deadline): Promise<EncoderFacts>
}

/** One encoder service as this coordinator sees it. */
export interface EncoderState {
  readonly address: string
  readonly live: boolean
  /** Null while it lives. */
  readonly downReason: string | null
  readonly draining: boolean
  readonly weight: number
  /** Calls of this coordinator that it has not answered yet. */
  readonly outstanding: number
  /** Of all callers, at the last check; null where it does not say. */
  readonly waiting: WaitingTexts | null
  /** Null until it has answered once. */
  readonly protocolVersion: number | null
  /** Null while it does not answer. */
  readonly models: readonly Model[] | null
}

/** What a coordinator says of itself with each health check: a server that is draining waits for those that need it. */
export interface HealthQuestion {
  /** Drawn when the coordinator starts. Empty for who only wants to know: the server does not wait for him. */
  readonly coordinator: string
  /** Whether it would lack a shard if the server ended now, which another could hold. */
  readonly needed: boolean
}

/** What a health check finds. */
export interface ServerHealth {
  /** Whether it says that it serves. */
  readonly serving: boolean
  /** Another word than before: it is another process, or may be one since the connection was lost in between. */
  readonly life: string
  /** Undefined of a server that is too old to say. */
  readonly facts: ServerFacts | undefined
}

/** What a shard server says of itself. */
export interface ServerFacts {
  readonly protocolVersion: number
  /** Empty where it is not set. */
  readonly zone: string
  /** What it scores on. */
  readonly device: string
  readonly memoryBytes: number
  readonly memoryFreeBytes: number
  /** Undefined where it has no device. */
  readonly deviceMemory?: DeviceMemory | undefined
  readonly draining: boolean
  /** While it is draining: how many coordinators need it still, or do not know yet. */
  readonly neededBy: number
}

/** One shard server. */
export interface ShardServerPort {
  /** `host:port`: its name in routing, coverage and messages. */
  readonly address: string
  checkHealth(question: HealthQuestion, deadline: Deadline): Promise<ServerHealth>
  /** Has it say that it is draining, or no longer so. */
  drain(request: { undo: boolean }, deadline: Deadline): Promise<void>
  prepare(
    request: { manifest: ManifestReference; shards: readonly number[] },
    deadline: Deadline,
  ): Promise<readonly PreparedShard[]>
  search(request: SearchShardsRequest, context: RequestContext): Promise<readonly ShardResult[]>
  /** What documents have of a query's words. */
  countWords(request: CountWordsRequest, context: RequestContext): Promise<readonly ShardWords[]>
  /** Of the shards asked for, in order. */
  count(request: CountShardsRequest, context: RequestContext): Promise<CountShardsResponse>
  /** Documents of a shard, in the order of its segments. */
  list(request: ListShardRequest, context: RequestContext): Promise<ListShardResponse>
  /** One document an address, in order. */
  fetch(
    request: { manifest: ManifestReference; addresses: readonly DocumentAddress[] },
    context: RequestContext,
  ): Promise<readonly FetchedDocument[]>
  /** Of one document, by its id; undefined where the version has none with it. */
  find(request: FindRequest, context: RequestContext): Promise<FoundDocument | undefined>
  /**
   * @param index with a generation: that one only; with shards: these of it, unless somebody asked for them lately
   * @returns of these shards those that it keeps for now
   */
  release(
    index: { name: string; uid: string; generation?: number; shards?: readonly number[] },
    deadline: Deadline,
  ): Promise<readonly number[]>
  close(): void
}
