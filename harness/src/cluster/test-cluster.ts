/** A real cluster of separate processes with a tiny model, and a client for it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Problem as AnyProblem, SearchAnswer } from '@hypershard/contract'
import {
  type ClusterOptions,
  type ClusterProcess,
  type Environment,
  type LocalCluster,
  startCluster,
} from '@hypershard/local-cluster'
import { programEnvironment } from '../program-environment.ts'
import { tinyArchitecture, writeTinyModel } from '../qnets/index.ts'
import { Random } from '../random.ts'

export interface Answer<Body = unknown> {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

export type { SearchAnswer } from '@hypershard/contract'

export interface Problem extends Pick<AnyProblem, 'code' | 'detail'> {
  readonly details?: { readonly coverage?: SearchAnswer['coverage']; readonly server?: string }
}

export interface TestCluster {
  readonly cluster: LocalCluster
  readonly directory: string
  request<Body = unknown>(method: string, path: string, body?: unknown): Promise<Answer<Body>>
  /** Writes documents and waits until searches find them. */
  put(index: string, documents: readonly object[]): Promise<Answer<{ accepted: number; failed: number }>>
  search<Body = SearchAnswer>(index: string, query: string, options?: object): Promise<Answer<Body>>
  process(name: string): ClusterProcess
  stop(): Promise<void>
}

/** Only ends what hangs: no answer of a small cluster takes a tenth of it. */
const requestMsMax = 110_000

/** What the processes of a cluster inherit in tests: they look at the store often, so that no test waits for them. */
export const testEnvironment: Environment = Object.freeze({
  ...programEnvironment,
  HYPERSHARD_INDEXER_SCAN_MS: '20',
  HYPERSHARD_REFRESH_MS: '20',
  // What is tested is searched for, again and again.
  HYPERSHARD_ANSWER_CACHE_BYTES_MAX: '0',
})

/**
 * Starts a cluster in a new directory; `stop` ends it and removes the directory.
 * @param key that its client sends, for one whose environment has HYPERSHARD_KEYS (`writeTestKeys`)
 */
export async function startTestCluster({
  key,
  ...options
}: Partial<ClusterOptions> & { readonly key?: string } = {}): Promise<TestCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'hypershard-cluster-'))
  try {
    const model = await writeTinyModel(directory, { qnet: tinyArchitecture })
    const cluster = await startCluster({
      dataDirectory: join(directory, 'data'),
      modelDirectories: [model.path],
      shardServers: 2,
      http: '127.0.0.1:0',
      grpc: '127.0.0.1:0',
      restart: true,
      ...options,
      environment: { ...testEnvironment, ...options.environment },
    })
    return clientOf(cluster, directory, key === undefined ? {} : { authorization: `Bearer ${key}` })
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}

function clientOf(cluster: LocalCluster, directory: string, own: Readonly<Record<string, string>>): TestCluster {
  const send = async <Body>(method: string, path: string, type?: string, body?: string): Promise<Answer<Body>> => {
    const headers = { ...own, ...(type === undefined ? {} : { 'content-type': type }) }
    const init = { method, headers, ...(type === undefined ? {} : { body: body ?? '' }) }
    const response = await fetch(`${cluster.httpUrl}${path}`, { ...init, signal: AbortSignal.timeout(requestMsMax) })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? undefined : JSON.parse(text)) as Body,
    }
  }
  return {
    cluster,
    directory,
    request: (method, path, body) =>
      body === undefined ? send(method, path) : send(method, path, 'application/json', JSON.stringify(body)),
    put: (index, documents) => {
      const lines = documents.map(document => JSON.stringify(document)).join('\n')
      return send('PUT', `/v1/indexes/${index}/documents?wait_for=searchable`, 'application/x-ndjson', lines)
    },
    search: (index, query, searchOptions = {}) =>
      send('POST', `/v1/indexes/${index}/search`, 'application/json', JSON.stringify({ query, ...searchOptions })),
    process: name => {
      const found = cluster.processes.find(candidate => candidate.name === name)
      if (found === undefined) throw new Error(`the cluster has no process ${name}`)
      return found
    },
    stop: async () => {
      await cluster.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

const syllables = ['ba', 'ce', 'di', 'fo', 'gu', 'ha', 'ke', 'li', 'mo', 'nu', 'pa', 're', 'si', 'to', 'vu', 'za']

/** Made-up text of this many words, the same for the same seed. */
export function madeUpText(seed: number, words: number): string {
  const random = new Random(seed)
  const word = () => Array.from({ length: 2 }, () => random.pick(syllables)).join('')
  return Array.from({ length: words }, word).join(' ')
}

/** Every fifth text stands twice under two ids, so that answers have ties. */
export function madeUpDocuments(count: number): { id: string; title: string; text: string; number: number }[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `document-${index}`,
    title: '',
    text: madeUpText(index % 5 === 4 ? index - 1 : index, 12),
    number: index,
  }))
}
