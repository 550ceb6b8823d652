/** Segments of generated vectors in a folder, each with a graph; those that are there already are not built again. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { BuildSegment, BuildTimes } from './build-thread.ts'
import { type Mixture, mixtureDigest } from './generate-vectors.ts'

const rowsPerSegment = 1_000_000
/** Seeds before it are others'. */
const firstSeed = 100

/** One segment's files. */
export interface GeneratedSegment extends BuildTimes {
  readonly rows: number
  /** f32, row-major, nothing else. */
  readonly vectorsPath: string
  readonly graphPath: string
}

/** What a segment that is whole has beside it. */
type Built = BuildTimes & { readonly rows: number; readonly mixture: string }

/** @param workers segments built at once, each by one thread, as indexers do */
export async function generateSegments(
  folder: string,
  mixture: Mixture,
  { documents, workers }: { readonly documents: number; readonly workers: number },
): Promise<GeneratedSegment[]> {
  await mkdir(folder, { recursive: true })
  const digest = mixtureDigest(mixture)
  const segments: GeneratedSegment[] = []
  const count = Math.ceil(documents / rowsPerSegment)
  let next = 0
  const work = async () => {
    for (let number = next++; number < count; number = next++) {
      const rows = Math.min(rowsPerSegment, documents - number * rowsPerSegment)
      segments[number] = await generateSegment({ folder, number, rows, mixture, digest })
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  return segments
}

interface Wanted {
  readonly folder: string
  readonly number: number
  readonly rows: number
  readonly mixture: Mixture
  readonly digest: string
}

async function generateSegment({ folder, number, rows, mixture, digest }: Wanted): Promise<GeneratedSegment> {
  const path = join(folder, `segment-${number}-${rows}`)
  const files = { vectorsPath: `${path}.f32`, graphPath: `${path}.graph` }
  const builtPath = `${path}.json`
  const known = await readBuilt(builtPath)
  if (known?.mixture === digest) return { ...known, ...files }
  await rm(builtPath, { force: true })
  const times = await build({ ...files, mixture, rows, seed: firstSeed + number })
  await writeFile(builtPath, JSON.stringify({ ...times, rows, mixture: digest } satisfies Built))
  return { ...times, rows, ...files }
}

async function readBuilt(path: string): Promise<Built | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : JSON.parse(text)
}

function build(workerData: BuildSegment): Promise<BuildTimes> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./build-thread.ts', import.meta.url), { workerData })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', code => reject(new Error(`the building thread ended with code ${code} and no answer`)))
  })
}
