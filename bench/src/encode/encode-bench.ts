/**
 * What encoding costs beside onnxruntime alone. Queries: tokenise, encode, make the q-net's weights and their digest,
 * beside the same backbone's plain dense query encoding (tokenise, encoder graph, mean of the token states). Documents: beside
 * the encoder graph alone on the same padded batches, and with the kernel that the service would choose beside fp32.
 */
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EncodingModel, joinDocument } from '@hypershard/encoder-service'
import { bundledModelDirectories } from '@hypershard/local-cluster'
import { loadModelDirectory, weightsBytes } from '@hypershard/qnet'
import { mean, median } from '../statistics.ts'
import { openPlainEncoder, type PlainEncoder } from './plain-encoder.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

export const encodeBenchOptions = {
  /** Model directories, separated by commas. */
  models: { type: 'string', default: bundledModelDirectories.join() },
  /** A folder with corpus.jsonl and queries.jsonl. */
  data: { type: 'string', default: join(repository, 'sample') },
  rounds: { type: 'string', default: '5' },
} as const

const documentsABatch = 16
const warmUpTexts = 32

export interface Texts {
  readonly queries: readonly string[]
  /** In order of length, so that batches hold little padding. */
  readonly documents: readonly string[]
}

export async function runEncodeBench(options: Readonly<Record<string, unknown>>) {
  const texts = await readTexts(String(options.data))
  const rounds = Number(options.rounds)
  const rows = []
  for (const path of String(options.models).split(',')) rows.push(await measureModel(path, texts, rounds))
  return rows
}

async function measureModel(path: string, texts: Texts, rounds: number) {
  const directory = await loadModelDirectory(path)
  const threads = availableParallelism()
  const model = await EncodingModel.fromDirectory(directory, threads)
  const plain: PlainEncoder = await openPlainEncoder(directory, threads)
  const encodePlainly = async (text: string) => plain.encodeQuery(model.tokenizeDocuments([text])[0]!.ids)
  const makeQnet = async (text: string) => {
    const [answer] = await model.encodeQueries([{ text, wish: { form: 'weights', precision: 'f32' } }])
    if (answer === undefined || !('bytes' in answer)) throw new Error(`${path}: "${text}" could not be encoded`)
  }
  const queries = await compare(texts.queries, rounds, encodePlainly, makeQnet)
  const batches = batchesOf(texts.documents, documentsABatch).map(batch =>
    model.tokenizeDocuments(batch).map(t => t.ids),
  )
  const documents = await compare(batches, rounds, plain.runDocuments, batch => model.encodeDocuments(batch))
  const chosen = await EncodingModel.fromDirectory(directory, threads, 'auto')
  const kernels = await compare(
    batches,
    rounds,
    batch => model.encodeDocuments(batch),
    batch => chosen.encodeDocuments(batch),
  )
  const documentsASecond = (ms: number) => Math.round((1000 * texts.documents.length) / (ms * batches.length))
  const { qnet } = directory.settings
  return {
    model: basename(path),
    coreLayers: qnet.vectorDimensions.length - 2,
    threads,
    queries: texts.queries.length,
    plainDenseMs: round(queries.plain),
    qnetMs: round(queries.ours),
    qnetToPlain: round(queries.ratio),
    qnetBytesF32: weightsBytes(qnet, 'f32'),
    qnetBytesF16: weightsBytes(qnet, 'f16'),
    documentsASecond: documentsASecond(documents.oursMean),
    onnxruntimeDocumentsASecond: documentsASecond(documents.plainMean),
    throughputToOnnxruntime: round(documents.plainMean / documents.oursMean),
    kernel: chosen.loaded.kernel,
    kernelChoice: chosen.loaded.choice,
    kernelDocumentsASecond: documentsASecond(kernels.oursMean),
    kernelToFp32: round(kernels.plainMean / kernels.oursMean),
  }
}

/** Medians of a call in milliseconds and of their ratio over the rounds; both take turns on the same inputs. */
async function compare<T>(
  inputs: readonly T[],
  rounds: number,
  plain: (input: T) => Promise<unknown>,
  ours: (input: T) => Promise<unknown>,
) {
  for (const input of inputs.slice(0, warmUpTexts)) {
    await plain(input)
    await ours(input)
  }
  const measured = []
  for (let round = 0; round < rounds; round++) {
    const plainMs = await timeEach(inputs, plain)
    const oursMs = await timeEach(inputs, ours)
    const means = { plainMean: mean(plainMs), oursMean: mean(oursMs) }
    measured.push({ plain: median(plainMs), ours: median(oursMs), ...means })
  }
  return {
    plain: median(measured.map(one => one.plain)),
    ours: median(measured.map(one => one.ours)),
    ratio: median(measured.map(one => one.ours / one.plain)),
    plainMean: median(measured.map(one => one.plainMean)),
    oursMean: median(measured.map(one => one.oursMean)),
  }
}

async function timeEach<T>(inputs: readonly T[], call: (input: T) => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (const input of inputs) {
    const start = performance.now()
    await call(input)
    times.push(performance.now() - start)
  }
  return times
}

export async function readTexts(folder: string): Promise<Texts> {
  const lines = async (file: string): Promise<{ title?: string; text: string }[]> => {
    const content = await readFile(join(folder, file), 'utf8')
    return content
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line))
  }
  const corpus = (await lines('corpus.jsonl')).map(({ title = '', text }) => joinDocument({ title, text }))
  return {
    queries: (await lines('queries.jsonl')).map(({ text }) => text),
    documents: corpus.sort((a, b) => a.length - b.length),
  }
}

function batchesOf<T>(values: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, index) =>
    values.slice(index * size, (index + 1) * size),
  )
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}
