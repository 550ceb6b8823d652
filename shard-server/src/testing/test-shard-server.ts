/** A shard server on a store of its own, and a client for it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deadline, quietTelemetry, type Telemetry } from '@hypershard/common'
import { callUnary, connectClient, type UnaryMethod } from '@hypershard/common/grpc'
import { captureLog } from '@hypershard/harness'
import { pseudoRandomWeights } from '@hypershard/harness/qnets'
import type { QNet } from '@hypershard/proto/qnet'
import {
  type CountWordsRequest,
  type CountWordsResponse,
  type FetchResponse,
  type FindRequest,
  type FoundDocument,
  type PrepareResponse,
  type ReleaseResponse,
  ScoringPrecision,
  SearchPlan,
  type SearchShardsRequest,
  type SearchShardsResponse,
  ShardServiceClient,
} from '@hypershard/proto/shard'
import { type QNetArchitecture, qnetToProto } from '@hypershard/qnet'
import { createDirectoryStore, type Manifest, type ObjectStore } from '@hypershard/storage'
import { type ShardServerConfig, startShardServer } from '../start-shard-server.ts'
import { testModel } from './test-index.ts'

export function testQNet(architecture: QNetArchitecture, seed = 1): QNet {
  const weights = pseudoRandomWeights(architecture, seed)
  return qnetToProto(architecture, weights, { precision: 'f32', modelDigest: testModel.digest })
}

/** A directory with a store, made before any server is started on it. */
export async function createTestStore(): Promise<{ root: string; store: ObjectStore; remove(): Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'hypershard-shard-'))
  return { root, store: await createDirectoryStore(root), remove: () => rm(root, { recursive: true }) }
}

export interface TestShardServer {
  readonly address: string
  /** Threads that died by themselves. */
  readonly deaths: readonly Error[]
  /** What it has logged. */
  readonly logged: readonly Record<string, unknown>[]
  search(manifest: Manifest, request: Partial<SearchShardsRequest>, deadline?: Deadline): Promise<SearchShardsResponse>
  countWords(manifest: Manifest, terms: string[], request?: Partial<CountWordsRequest>): Promise<CountWordsResponse>
  prepare(manifest: Manifest, shards: number[]): Promise<PrepareResponse>
  fetch(manifest: Manifest, addresses: { segment: number; row: number }[]): Promise<FetchResponse>
  find(
    manifest: Manifest,
    request: Pick<FindRequest, 'shard' | 'id' | 'withVector'>,
  ): Promise<FoundDocument | undefined>
  /** @param generation 0 for the whole index */
  release(manifest: Manifest, generation?: number, shards?: number[]): Promise<ReleaseResponse>
  stop(): Promise<void>
}

export async function startTestShardServer(
  root: string,
  settings: Partial<ShardServerConfig> = {},
  telemetry: Partial<Telemetry> = {},
  openBackend?: Parameters<typeof startShardServer>[3],
): Promise<TestShardServer> {
  const config: ShardServerConfig = {
    HYPERSHARD_SHARD_LISTEN: '127.0.0.1:0',
    HYPERSHARD_STORE: root,
    HYPERSHARD_SHARD_ZONE: '',
    HYPERSHARD_MEMBERSHIP_REDIS_URL: undefined,
    HYPERSHARD_ADVERTISE: undefined,
    HYPERSHARD_MEMBERSHIP_WEIGHT: 1,
    HYPERSHARD_SHARD_THREADS: 1,
    HYPERSHARD_SHARD_MEMORY_BYTES: 0,
    HYPERSHARD_SHARD_SCRATCH: undefined,
    HYPERSHARD_SHARD_QNETS: undefined,
    HYPERSHARD_SHARD_DEVICE: 'cpu',
    HYPERSHARD_SHARD_DEVICE_PRECISION: 'auto',
    HYPERSHARD_SHARD_DEVICE_MEMORY_BYTES: 0,
    HYPERSHARD_SHARD_DEVICE_FULL: 'cpu',
    HYPERSHARD_SHARD_DEVICE_ROWS_MIN: 1,
    HYPERSHARD_SHARD_VECTORS: 'memory',
    HYPERSHARD_SHARD_MODELS: [],
    HYPERSHARD_SHARD_SEARCHES_MAX: 8,
    HYPERSHARD_SHARD_TEXTS_BYTES: 1_000_000,
    HYPERSHARD_SHARD_DRAIN_MS: 60_000,
    HYPERSHARD_ADMIN_LISTEN: undefined,
    HYPERSHARD_METRICS: 'off',
    HYPERSHARD_TLS_CERT: undefined,
    HYPERSHARD_TLS_KEY: undefined,
    HYPERSHARD_TLS_CA: undefined,
    HYPERSHARD_INSECURE: false,
    HYPERSHARD_TRACE_OTLP_URL: undefined,
    HYPERSHARD_TELEMETRY_FILE: undefined,
    HYPERSHARD_TRACE_SAMPLE_PERCENT: 1,
    HYPERSHARD_LOG_LEVEL: 'silent',
    ...settings,
  }
  const deaths: Error[] = []
  const { log, lines: logged } = captureLog()
  const seen = quietTelemetry({ log, ...telemetry })
  const server = await startShardServer(config, seen, error => deaths.push(error), openBackend)
  const client = connectClient(ShardServiceClient, server.addresses.grpc!)
  const call = <Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    deadline = Deadline.after(100_000),
  ) => callUnary(method.bind(client), request, deadline, 'shard server')
  return {
    address: server.addresses.grpc!,
    deaths,
    logged,
    search: (manifest, request, deadline) =>
      call(client.searchShards, { ...wholeSearch(manifest), ...request }, deadline),
    countWords: (manifest, terms, request) => {
      const shards = Array.from({ length: manifest.shards }, (_, shard) => shard)
      return call(client.countWords, { manifest, shards, terms, filter: undefined, ...request })
    },
    prepare: (manifest, shards) => call(client.prepare, { manifest, shards }),
    fetch: (manifest, addresses) => call(client.fetch, { manifest, addresses }),
    find: async (manifest, request) => (await call(client.find, { manifest, ...request })).found,
    release: ({ index, indexUid }, generation = 0, shards = []) =>
      call(client.release, { index, indexUid, generation, shards }),
    stop: async () => {
      client.close()
      await server.stop()
    },
  }
}

/** The ten best of every shard. */
export function wholeSearch(manifest: Manifest): SearchShardsRequest {
  return {
    manifest,
    shards: Array.from({ length: manifest.shards }, (_, shard) => shard),
    qnet: undefined,
    tokenStates: undefined,
    limit: 10,
    precision: ScoringPrecision.SCORING_PRECISION_FP32,
    after: undefined,
    plan: SearchPlan.SEARCH_PLAN_EXACT,
    candidates: 0,
    expansion: 0,
    recall: 0,
    recallHits: 0,
    documents: 0,
    facets: [],
    groupBy: undefined,
    sort: [],
    afterSorted: undefined,
    filter: undefined,
  }
}
