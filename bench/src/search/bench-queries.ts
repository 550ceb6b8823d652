import { createReadStream } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { EncodingModel } from '@hypershard/encoder-service'
import {
  decodeWeights,
  loadModelDirectory,
  type QNetArchitecture,
  type QNetWeights,
  qnetDigest,
} from '@hypershard/qnet'
import type { ScanRequest } from '@hypershard/shard-server'
import { median } from '../statistics.ts'

/** Grades by id. */
export type Relevant = Readonly<Record<string, number>>

export interface BenchQuery {
  /** As the wire has it. */
  readonly qnet: Omit<ScanRequest['qnet'], 'weights'> & { readonly bytes: Uint8Array }
  readonly weights: QNetWeights
  /** The query's own vector by a dense model over the same document vectors, f32 [width]. */
  readonly dense: Float32Array | undefined
  readonly relevant: Relevant | undefined
}

export interface BenchQueries {
  readonly architecture: QNetArchitecture
  readonly queries: readonly BenchQuery[]
}

export interface QueryLine {
  readonly text: string
  readonly relevant?: Relevant
}

/** JSONL with `text` and, where judged, `relevant`. */
export async function readQueries(path: string, queriesMax: number): Promise<QueryLine[]> {
  const lines: QueryLine[] = []
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (lines.length === queriesMax) break
    if (line !== '') lines.push(JSON.parse(line))
  }
  return lines
}

/** @param models `dense`: of one inner product, over the vectors of the other; undefined for none */
export async function encodeBenchQueries(
  lines: readonly QueryLine[],
  models: { readonly qnet: string; readonly dense: string | undefined },
): Promise<BenchQueries> {
  const model = await openModel(models.qnet)
  const dense = models.dense === undefined ? undefined : await openModel(models.dense)
  const queries: BenchQuery[] = []
  for (const { text, relevant } of lines) {
    const weights = await weightsOf(model.encoding, text)
    const digest = qnetDigest(model.architecture, 'f32', weights)
    queries.push({
      qnet: { digest, architecture: model.architecture, precision: 'f32', bytes: weights },
      weights: decodeWeights(model.architecture, weights, 'f32'),
      dense: dense && decodeWeights(dense.architecture, await weightsOf(dense.encoding, text), 'f32').matrices[0],
      relevant,
    })
  }
  return { architecture: model.architecture, queries }
}

/** Medians of one query at a time, from text to q-net and to dense vector. */
export async function timeEncoding(
  lines: readonly QueryLine[],
  models: { readonly qnet: string; readonly dense: string },
): Promise<{ readonly qnetMs: number; readonly denseMs: number }> {
  const timeOf = async (path: string) => {
    const { encoding } = await openModel(path)
    await weightsOf(encoding, lines[0]!.text)
    const timesMs: number[] = []
    for (const { text } of lines) {
      const beginMs = performance.now()
      await weightsOf(encoding, text)
      timesMs.push(performance.now() - beginMs)
    }
    return median(timesMs)
  }
  return { qnetMs: await timeOf(models.qnet), denseMs: await timeOf(models.dense) }
}

async function openModel(path: string) {
  const directory = await loadModelDirectory(path)
  const encoding = await EncodingModel.fromDirectory(directory, availableParallelism())
  return { encoding, architecture: directory.settings.qnet }
}

async function weightsOf(model: EncodingModel, text: string): Promise<Uint8Array> {
  const [answer] = await model.encodeQueries([{ text, wish: { form: 'weights', precision: 'f32' } }])
  if (answer === undefined || !('bytes' in answer)) throw new Error(`"${text}" could not be encoded`)
  return answer.bytes
}
