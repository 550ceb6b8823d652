/**
 * What `search`, `scale` and `peers` read, made of a collection: its documents' vectors, the judged queries and, beside
 * these, a sample of queries that are not measured. Going on where an earlier run stopped, with the same documents.
 */
import { createReadStream } from 'node:fs'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { EncodingModel, joinDocument } from '@hypershard/encoder-service'
import { beirFiles, readBeirFolder } from '@hypershard/evaluation'
import { sampleQueriesMax } from '@hypershard/proto/limits'
import { vectorWidth } from '@hypershard/qnet'
import { idOf } from '../hold-vectors.ts'
import type { QueryLine } from '../search/bench-queries.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

export const vectorsBenchOptions = {
  /** A collection in BEIR's layout. */
  data: { type: 'string' },
  /** Folder for `vectors.f32`, `queries.jsonl` and `sample-queries.jsonl`. */
  out: { type: 'string' },
  split: { type: 'string', default: 'test' },
  /** The corpus' first so many. */
  documents: { type: 'string', default: 'Infinity' },
  model: { type: 'string', default: join(repository, 'models/hypershard-mini') },
} as const

/** Sorted by length within, so that batches hold little padding; written as a whole. */
const documentsPerWrite = 512
const documentsPerBatch = 16

export async function runVectorsBench(options: Readonly<Record<string, unknown>>) {
  const { data, out, split } = options
  if (typeof data !== 'string' || typeof out !== 'string') {
    throw new Error('give --data FOLDER (corpus.jsonl, queries.jsonl, qrels/) and --out FOLDER')
  }
  await mkdir(out, { recursive: true })
  const documentsMax = Number(options.documents)
  const model = await EncodingModel.open(String(options.model), availableParallelism())
  const { encoded, seconds, rowById } = await encodeCorpus(model, { data, out, documentsMax })
  const { queries, sample } = await chooseQueries(data, String(split), rowById)
  await writeFile(join(out, 'queries.jsonl'), toLines(queries))
  await writeFile(join(out, 'sample-queries.jsonl'), toLines(sample))
  return [
    {
      documents: rowById.size,
      queries: queries.length,
      sampleQueries: sample.length,
      encoded,
      documentsASecond: encoded / seconds,
    },
  ]
}

async function encodeCorpus(
  model: EncodingModel,
  { data, out, documentsMax }: { readonly data: string; readonly out: string; readonly documentsMax: number },
) {
  const width = vectorWidth(model.loaded.settings.qnet)
  const file = await open(join(out, 'vectors.f32'), 'a')
  const beginMs = performance.now()
  const rowById = new Map<string, number>()
  try {
    const before = Math.floor((await file.stat()).size / (width * 4))
    await file.truncate(before * width * 4)
    let texts: string[] = []
    const flush = async () => {
      await file.write(await encodeTexts(model, texts, width))
      texts = []
    }
    for await (const line of createInterface({ input: createReadStream(beirFiles(data, '').corpusPath) })) {
      if (rowById.size === documentsMax) break
      const { _id: id, title = '', text }: { _id: string; title?: string; text: string } = JSON.parse(line)
      const row = rowById.size
      rowById.set(id, row)
      if (row >= before) texts.push(joinDocument({ title, text }))
      if (texts.length === documentsPerWrite) await flush()
    }
    await flush()
    // An earlier run may have been asked for more.
    await file.truncate(rowById.size * width * 4)
    return { encoded: Math.max(0, rowById.size - before), seconds: (performance.now() - beginMs) / 1_000, rowById }
  } finally {
    await file.close()
  }
}

/** @returns f32 [texts.length, width] */
async function encodeTexts(model: EncodingModel, texts: readonly string[], width: number): Promise<Float32Array> {
  const vectors = new Float32Array(texts.length * width)
  const tokens = model.tokenizeDocuments(texts).map(({ ids }) => ids)
  const order = [...tokens.keys()].sort((a, b) => tokens[a]!.length - tokens[b]!.length)
  for (let first = 0; first < order.length; first += documentsPerBatch) {
    const rows = order.slice(first, first + documentsPerBatch)
    const encoded = await model.encodeDocuments(rows.map(row => tokens[row]!))
    for (const [at, row] of rows.entries()) {
      vectors.set(encoded.subarray(at * width, (at + 1) * width), row * width)
    }
  }
  return vectors
}

/** Queries of the split whose relevant documents all have a vector: the last few are the sample, the others are measured. */
async function chooseQueries(data: string, split: string, rowById: ReadonlyMap<string, number>) {
  const { queries, judgements } = await readBeirFolder(data, split)
  const lines: QueryLine[] = []
  for (const [id, text] of queries) {
    const graded = [...(judgements.get(id) ?? [])]
    if (graded.length === 0 || graded.some(([document]) => !rowById.has(document))) continue
    const relevant = Object.fromEntries(graded.map(([document, grade]) => [idOf(rowById.get(document)!), grade]))
    lines.push({ text, relevant })
  }
  const sampled = Math.min(sampleQueriesMax, Math.floor(lines.length / 2))
  const measured = lines.length - sampled
  return { queries: lines.slice(0, measured), sample: lines.slice(measured) }
}

function toLines(values: readonly object[]): string {
  return values.map(value => `${JSON.stringify(value)}\n`).join('')
}
