import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { WatchedProcess } from '../measure/take-sample.ts'
import { type EmbeddedDocument, startChromaServer } from './chroma-peer.ts'
import type { Peer } from './echo-peer.ts'
import { chromaVersion } from './install-chroma.ts'
import { installPython } from './install-python.ts'
import { startProgram } from './start-program.ts'

const service = fileURLToPath(new URL('./text-service.py', import.meta.url))
const program = fileURLToPath(new URL('./server-process.ts', import.meta.url))

/** The newest when this was written; results tell those of what is searched with. */
const packages = [
  'fastapi==0.165.0',
  'uvicorn[standard]==0.54.0',
  'onnxruntime==1.32.0',
  'tokenizers==0.23.3',
  'numpy==2.4.6',
]
const searched = {
  usearch: 'usearch==2.26.6',
  faiss: 'faiss-cpu==1.15.1',
  chroma: `chromadb==${chromaVersion}`,
} as const
export type SearchLibrary = keyof typeof searched
export const searchLibraries = Object.keys(searched) as SearchLibrary[]

/** Its graph of 50,000 vectors takes a minute. */
const startMsMax = 600_000
/** More made it slower for eight clients on two cores, and no faster for one. */
const encoderThreads = 1

/** A service that takes texts, with how wide it searches to find what it does of its own exact answers. */
export interface TextService extends Peer {
  readonly width: number
  readonly recall: number
}

export interface ServiceParts {
  /** Of the dense model that made the documents' vectors. */
  readonly modelDirectory: string
  readonly documents: readonly EmbeddedDocument[]
  /** By which it is chosen how wide is searched. */
  readonly queries: readonly string[]
}

/** As rows name it. */
export function nameOfService(library: SearchLibrary): string {
  return `FastAPI, ${searched[library].replace('==', ' ')}`
}

/** What many write themselves: a web framework, the encoder in its process, and a library or a server that finds neighbours. */
export async function startTextService(library: SearchLibrary, parts: ServiceParts): Promise<TextService> {
  const bin = await installPython('services', [...packages, ...Object.values(searched)])
  const folder = await mkdtemp(join(tmpdir(), 'hypershard-service-'))
  const stops = [() => rm(folder, { recursive: true, force: true })]
  const stop = async () => {
    for (const each of stops.toReversed()) await each()
  }
  try {
    await writeParts(folder, parts)
    const processes: WatchedProcess[] = []
    let url = ''
    if (library === 'chroma') {
      const chroma = await startChromaServer(join(bin, 'chroma'))
      stops.push(chroma.stop)
      processes.push(...chroma.processes)
      url = chroma.api.url
    }
    const args = [library, parts.modelDirectory, folder, `${encoderThreads}`, url]
    const started = await startProgram(program, [join(bin, 'python'), service, ...args])
    stops.push(started.stop)
    processes.push({ name: 'service', pid: Number(started.address) })
    const { port, width, recall } = await told(join(folder, 'address'))
    return {
      to: { kind: 'http', origin: `http://127.0.0.1:${port}`, path: '/search' },
      processes,
      stop,
      width,
      recall,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function writeParts(folder: string, { documents, queries }: ServiceParts): Promise<void> {
  const lines = documents.map(({ id, title, text }) => JSON.stringify({ id, title, text }))
  await writeFile(join(folder, 'documents.jsonl'), lines.join('\n'))
  await writeFile(
    join(folder, 'vectors.f32'),
    Buffer.concat(documents.map(({ vector }) => new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength))),
  )
  await writeFile(join(folder, 'queries.json'), JSON.stringify(queries))
}

async function told(path: string): Promise<{ port: number; width: number; recall: number }> {
  const endMs = performance.now() + startMsMax
  while (!existsSync(path)) {
    if (performance.now() > endMs) throw new Error(`the service did not start within ${startMsMax / 1_000} s`)
    await wait(100)
  }
  return JSON.parse(await readFile(path, 'utf8'))
}
