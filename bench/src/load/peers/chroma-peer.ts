import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '@hypershard/harness'
import { Api } from '../cluster/api.ts'
import type { BenchDocument } from '../workload/read-collection.ts'
import { hitsWanted } from '../workload/search-body.ts'
import type { Peer } from './echo-peer.ts'
import { installChroma } from './install-chroma.ts'
import { startProgram } from './start-program.ts'

const program = fileURLToPath(new URL('./server-process.ts', import.meta.url))
const startMsMax = 60_000
const collections = '/api/v2/tenants/default_tenant/databases/default_database/collections'
/** Digits that tell every f32 from every other. */
const f32Digits = 9

export interface EmbeddedDocument extends BenchDocument {
  readonly vector: Float32Array
}

/** A Chroma server on loopback that holds these documents with texts and vectors; its nearest are those of the greatest inner product. */
export async function startChromaPeer(documents: readonly EmbeddedDocument[]): Promise<Peer> {
  const { api, processes, stop } = await startChromaServer(await installChroma())
  try {
    const path = await fill(api, documents)
    return { to: { kind: 'http', origin: api.url, path: `${path}/query` }, processes, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** An empty one. */
export async function startChromaServer(command: string): Promise<Omit<Peer, 'to'> & { readonly api: Api }> {
  const folder = await mkdtemp(join(tmpdir(), 'hypershard-chroma-'))
  const port = await freePort()
  const args = ['run', '--path', folder, '--host', '127.0.0.1', '--port', `${port}`]
  const server = await startProgram(program, [command, ...args])
  const stop = async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  const api = new Api(`http://127.0.0.1:${port}`)
  try {
    await untilReady(api)
  } catch (error) {
    await stop()
    throw error
  }
  return { api, processes: [{ name: 'chroma', pid: Number(server.address) }], stop }
}

/** The body of a query: the vector is given, nothing is encoded. Texts and titles come with the hits. */
export function chromaBody(vector: Float32Array): string {
  const include = ['documents', 'metadatas', 'distances']
  return JSON.stringify({ query_embeddings: [numbersOf(vector)], n_results: hitsWanted, include })
}

async function untilReady(api: Api): Promise<void> {
  const endMs = performance.now() + startMsMax
  for (;;) {
    try {
      await api.send('GET', '/api/v2/heartbeat')
      return
    } catch (error) {
      if (performance.now() > endMs) throw error
      await wait(100)
    }
  }
}

/** @returns the collection's path */
async function fill(api: Api, documents: readonly EmbeddedDocument[]): Promise<string> {
  const { max_batch_size: batchMax } = await api.send<{ max_batch_size: number }>('GET', '/api/v2/pre-flight-checks')
  const configuration = { hnsw: { space: 'ip' } }
  const { id } = await api.send<{ id: string }>('POST', collections, { name: 'load', configuration })
  for (let at = 0; at < documents.length; at += batchMax) {
    const batch = documents.slice(at, at + batchMax)
    await api.send('POST', `${collections}/${id}/add`, {
      ids: batch.map(document => document.id),
      embeddings: batch.map(({ vector }) => numbersOf(vector)),
      documents: batch.map(({ text }) => text),
      metadatas: batch.map(({ title }) => ({ title })),
    })
  }
  return `${collections}/${id}`
}

function numbersOf(vector: Float32Array): number[] {
  return Array.from(vector, value => Number(value.toPrecision(f32Digits)))
}
