import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HypershardError } from '@hypershard/common'
import { WeightsPrecision } from '@hypershard/proto/qnet'
import { architectureToProto } from '@hypershard/qnet'
import {
  createDirectoryStore,
  createIndex,
  firstGeneration,
  type GenerationRecord,
  type IndexRecord,
  type LogPart,
  LogPartBuilder,
  type Manifest,
  type ObjectStore,
  type Operation,
  openSegment,
  rowsLeft,
  segmentAt,
  type TextRead,
  WriteLog,
} from '@hypershard/storage'
import type { IngestParts } from '../ingest/ingest-log.ts'
import type { EncoderPort } from '../ports.ts'

const vectorWidth = 2

/** A text that the encoder refuses. */
export const poison = 'poison'

/** An index with a write log in a real store, and an encoder that counts letters. */
export class TestLog {
  readonly store: ObjectStore
  readonly index: IndexRecord
  readonly generation: GenerationRecord
  readonly encoder = new LetterEncoder()
  readonly #root: string

  private constructor(root: string, store: ObjectStore, index: IndexRecord) {
    this.#root = root
    this.store = store
    this.index = index
    this.generation = firstGeneration(index)
  }

  static async create(shards = 1, passages?: IndexRecord['passages']): Promise<TestLog> {
    const root = await mkdtemp(join(tmpdir(), 'hypershard-indexer-'))
    const store = await createDirectoryStore(root)
    const model = { name: 'letters', digest: createHash('sha256').update('letters').digest('hex') }
    return new TestLog(
      root,
      store,
      await createIndex(store, { name: 'papers', model, vectorWidth, shards, replicas: 1, passages }),
    )
  }

  get parts(): IngestParts {
    return { store: this.store, encoder: this.encoder, onEncoded: () => undefined }
  }

  /** The span that what is written from now on belongs to. */
  traceparent: string | undefined

  /** Appends one entry: each list is a part of it. A text puts a document, null deletes it. */
  async write(...parts: Record<string, string | null>[]): Promise<number> {
    const stored: LogPart[] = []
    for (const part of parts) {
      const builder = new LogPartBuilder()
      for (const [id, text] of Object.entries(part)) builder.add(operationOf(id, text))
      stored.push(await builder.store(this.store, { index: 'papers', indexUid: this.index.uid }))
    }
    return (await new WriteLog(this.store, this.index).append({ parts: stored, traceparent: this.traceparent }))
      .sequence
  }

  /** What a search of the manifest would find: `id@version text`, sorted. */
  async documentsOf(manifest: Manifest): Promise<string[]> {
    const found: string[] = []
    for (const entry of manifest.segments) {
      const documents = await (await openSegment(this.store, segmentAt(manifest, entry))).openDocuments()
      const rows = await rowsLeft(this.store, manifest, entry)
      for (const { id, version, text } of await documents.read(rows)) found.push(`${id}@${version} ${text}`)
      await documents.close()
    }
    return found.sort()
  }

  remove(): Promise<void> {
    return rm(this.#root, { recursive: true, force: true })
  }
}

export class LetterEncoder implements EncoderPort {
  calls = 0
  /** Of all calls. */
  texts = 0
  /** Texts of queries, in the order asked. */
  readonly queries: string[] = []
  failure: HypershardError | undefined

  async encodeDocuments({ documents }: { documents: readonly { text: string }[] }) {
    this.calls++
    this.texts += documents.length
    if (this.failure !== undefined) throw this.failure
    if (documents.some(({ text }) => text === poison)) throw new HypershardError('internal', 'told to fail')
    const vectors = Float32Array.from(documents.flatMap(({ text }) => [text.length, 1]))
    const read = documents.map(({ text }) => readOf(text))
    return { vectors, vectorWidth, truncated: 0, read }
  }

  /** A passage ends at each `|`, without it. */
  async cutDocuments({ documents }: { documents: readonly { text: string }[] }) {
    return documents.map(({ text }) => {
      const parts = text.split('|')
      const ends = parts.map((_, at) => [...parts.slice(0, at + 1).join('|')].length)
      return { begins: parts.map((part, at) => ends[at]! - [...part].length), ends, titleApart: false, cutOff: false }
    })
  }

  /** One linear layer: longer texts score higher. */
  async encodeQuery({ modelDigest, text }: { modelDigest: string; text: string }) {
    if (this.failure !== undefined) throw this.failure
    this.queries.push(text)
    const flat = { layerNorm: false, layerNormBeforeResidual: false, residual: false, residualOnLast: false }
    const architecture = architectureToProto({ vectorDimensions: [vectorWidth, 1], activation: 'relu', ...flat })
    const weights = new Uint8Array(Float32Array.of(1, text.length).buffer)
    const precision = WeightsPrecision.WEIGHTS_PRECISION_F32
    return { qnet: { digest: 'of a test', modelDigest, architecture, precision, weights: Buffer.from(weights) } }
  }

  encodersOf(): number {
    return 1
  }

  close(): void {}
}

/** A letter is a token, and those of other alphabets than Latin are unknown. */
function readOf(text: string): TextRead {
  const letters = [...text]
  return { tokens: letters.length, unknown: letters.filter(letter => !/[\p{Script=Latin} ]/u.test(letter)).length }
}

function operationOf(id: string, text: string | null): Operation {
  return text === null ? { type: 'delete', id } : { type: 'put', document: { id, title: '', text, fields: '{}' } }
}
