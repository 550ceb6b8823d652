import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quietTelemetry, readConfig, type Telemetry } from '@hypershard/common'
import { FakeEncoder } from '@hypershard/harness'
import { startIndexer } from '@hypershard/indexer'
import { indexerConfig } from '@hypershard/indexer/config'
import { createDirectoryStore, type ObjectStore } from '@hypershard/storage'
import { coordinatorConfig } from '../config.ts'
import { type CoordinatorPauses, startCoordinator } from '../start-coordinator.ts'
import { FakeShardServer } from './fake-shard-server.ts'

/** A coordinator and an indexer, on free ports and a temporary store, with fakes where other processes would be. */
export interface TestCoordinator {
  readonly url: string
  readonly grpcAddress: string
  readonly storeDirectory: string
  readonly store: ObjectStore
  readonly encoder: FakeEncoder
  readonly servers: readonly FakeShardServer[]
  stop(): Promise<void>
}

export interface TestCoordinatorOptions extends Partial<Telemetry> {
  readonly servers?: number
  readonly environment?: Readonly<Record<string, string>>
  /** Whether an indexer runs beside it; one does unless this is false. */
  readonly indexer?: boolean
  readonly pauses?: CoordinatorPauses
  /** Starts on a store that another test coordinator used, and keeps it. */
  readonly storeDirectory?: string
}

export async function startTestCoordinator(options: TestCoordinatorOptions = {}): Promise<TestCoordinator> {
  const storeDirectory = options.storeDirectory ?? (await mkdtemp(join(tmpdir(), 'hypershard-coordinator-')))
  const store = await createDirectoryStore(storeDirectory)
  const encoder = new FakeEncoder()
  const addresses = Array.from({ length: options.servers ?? 2 }, (_, at) => `shard-${at}.test:7710`)
  const servers = addresses.map(address => new FakeShardServer(address, () => store))
  const config = readConfig(coordinatorConfig, {
    HYPERSHARD_HTTP_LISTEN: '127.0.0.1:0',
    HYPERSHARD_GRPC_LISTEN: '127.0.0.1:0',
    HYPERSHARD_ENCODER: 'encoder.test:7720',
    HYPERSHARD_SHARD_SERVERS: addresses.join(','),
    HYPERSHARD_STORE: storeDirectory,
    HYPERSHARD_HEALTH_INTERVAL_MS: '50',
    HYPERSHARD_REFRESH_MS: '10',
    HYPERSHARD_ANSWER_CACHE_BYTES_MAX: '0',
    // A test that counts calls makes them itself.
    HYPERSHARD_SEARCH_WARM_UP_MS: '0',
    ...options.environment,
  })
  const connections = {
    connectEncoder: () => encoder,
    connectShardServer: (address: string) => servers.find(server => server.address === address)!,
  }
  const running = await startCoordinator(config, quietTelemetry(options), connections, options.pauses)
  const settings = { HYPERSHARD_COORDINATORS: running.addresses.grpc! }
  const indexer = options.indexer === false ? undefined : await startTestIndexer(storeDirectory, encoder, { settings })
  return {
    url: `http://${running.addresses.http}`,
    grpcAddress: running.addresses.grpc!,
    storeDirectory,
    store,
    encoder,
    servers,
    stop: async () => {
      await running.stop()
      await indexer?.stop()
      if (options.storeDirectory === undefined) await rm(storeDirectory, { recursive: true, force: true })
    },
  }
}

/** An indexer on the same store; the coordinator sees what it commits. */
export function startTestIndexer(
  storeDirectory: string,
  encoder: FakeEncoder,
  options: { settings?: Readonly<Record<string, string>> } & Partial<Telemetry> = {},
) {
  const config = readConfig(indexerConfig, {
    HYPERSHARD_ENCODER: 'encoder.test:7720',
    HYPERSHARD_STORE: storeDirectory,
    HYPERSHARD_INDEXER_SCAN_MS: '10',
    ...options.settings,
  })
  return startIndexer(config, quietTelemetry(options), { connectEncoder: () => encoder })
}

/** One answer of the HTTP API. */
export interface Answer {
  readonly status: number
  readonly type: string
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes.
  readonly json: any
}

export async function request(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init)
  const text = await response.text()
  const type = response.headers.get('content-type') ?? ''
  return { status: response.status, type, headers: response.headers, json: text === '' ? undefined : parse(text) }
}

export function post(url: string, body: unknown): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return request(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: text })
}

/** Writes documents and waits until searches find them, unless the URL says something else. */
export function put(
  url: string,
  lines: readonly unknown[] | string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const body = Array.isArray(lines) ? lines.map(line => `${JSON.stringify(line)}\n`).join('') : (lines as string)
  const wait = url.includes('wait_for=') ? '' : `${url.includes('?') ? '&' : '?'}wait_for=searchable`
  return request(`${url}${wait}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/x-ndjson', ...headers },
    body,
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
