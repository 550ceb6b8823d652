import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quietTelemetry, type RunningService, readConfig } from '@hypershard/common'
import { eventually, VirtualClock } from '@hypershard/harness'
import {
  createDirectoryStore,
  createIndex,
  firstGeneration,
  type IndexRecord,
  LogPartBuilder,
  latestManifest,
  type Manifest,
  type ObjectStore,
  WriteLog,
} from '@hypershard/storage'
import { indexerConfig } from './config.ts'
import type { EncoderServicePort } from './ports.ts'
import { startIndexer } from './start-indexer.ts'

/** An encoder that does one call after the other, each in so long as its documents take, and is steered by the test. */
class SteadyEncoder {
  readonly waiting: { readonly texts: readonly string[]; readonly answer: () => void }[] = []
  readonly #clock: VirtualClock
  readonly #msOfDocument: number
  #released = false

  constructor(clock: VirtualClock, documentsPerSecond: number) {
    this.#clock = clock
    this.#msOfDocument = 1_000 / documentsPerSecond
  }

  encodeDocuments({ documents }: { documents: readonly { text: string }[] }) {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (this.#released) resolve()
    else this.waiting.push({ texts: documents.map(({ text }) => text), answer: resolve })
    return promise.then(() => ({ vectors: new Float32Array(documents.length * 2), vectorWidth: 2, truncated: 0 }))
  }

  /** Does the call that came first. */
  async step(): Promise<readonly string[]> {
    await eventually(() => this.waiting.length > 0)
    const { texts, answer } = this.waiting.shift()!
    await this.#clock.advance(texts.length * this.#msOfDocument)
    answer()
    return texts
  }

  /** Answers all that waits and will come, so that the indexer can end. */
  release(): void {
    this.#released = true
    for (const { answer } of this.waiting) answer()
  }

  async describe() {
    return { models: [], draining: false, protocolVersion: 2 }
  }

  close(): void {}
}

describe('a bulk load', () => {
  let directory: string
  let store: ObjectStore
  let indexer: RunningService
  let clock: VirtualClock
  let encoder: SteadyEncoder

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-fair-'))
    store = await createDirectoryStore(directory)
    clock = new VirtualClock()
    // Nothing but the encoder pauses on it.
    void clock.pause(Number.MAX_SAFE_INTEGER)
    encoder = new SteadyEncoder(clock, 100)
    const config = readConfig(indexerConfig, {
      HYPERSHARD_ENCODER: 'encoder.test:1',
      HYPERSHARD_STORE: directory,
      HYPERSHARD_INDEXER_SCAN_MS: '10',
      HYPERSHARD_INDEXER_CONCURRENCY: '1',
    })
    const connections = { connectEncoder: () => encoder as unknown as EncoderServicePort }
    indexer = await startIndexer(config, quietTelemetry(), connections, clock)
  })

  afterEach(async () => {
    encoder.release()
    await indexer.stop()
    // What a job had begun to write when it was told to stop may still come.
    await rm(directory, { recursive: true, maxRetries: 10 })
  })

  const create = (name: string) =>
    createIndex(store, { name, model: { name: 'm', digest: 'ab'.repeat(32) }, vectorWidth: 2, shards: 1, replicas: 1 })

  async function write(index: IndexRecord, documents: number): Promise<void> {
    const builder = new LogPartBuilder()
    for (let at = 0; at < documents; at++) {
      builder.add({ type: 'put', document: { id: `${at}`, title: '', text: `${index.name} ${at}`, fields: '{}' } })
    }
    const part = await builder.store(store, { index: index.name, indexUid: index.uid })
    await new WriteLog(store, index).append({ parts: [part] })
  }

  const newest = (index: IndexRecord): Promise<Manifest> => latestManifest(store, firstGeneration(index))
  const documentsIn = async (index: IndexRecord) =>
    (await newest(index)).segments.reduce((sum, { documents }) => sum + documents, 0)

  it('becomes searchable portion by portion', async () => {
    const bulk = await create('bulk')
    await write(bulk, 2_000)
    const steps: number[] = []
    for (let at = 0; at < 25; at++) steps.push((await encoder.step()).length)
    const encoded = steps.reduce((sum, own) => sum + own, 0)
    assert.ok(encoded < 2_000)
    // All but the portions that are under way.
    await eventually(async () => (await documentsIn(bulk)) >= encoded / 2)
    const { log } = await newest(bulk)
    assert.deepEqual({ sequence: log.sequence, parts: log.parts }, { sequence: 0, parts: 0 })
    assert.ok(log.operations! > 0)
  })

  it('holds up a small write to another index for a few of its calls, and goes on', async () => {
    const [bulk, small] = [await create('bulk'), await create('small')]
    await write(bulk, 3_000)
    for (let at = 0; at < 25; at++) await encoder.step()
    await write(small, 1)
    // It is asked for beside the load, though one job may run at a time.
    await eventually(() => encoder.waiting.some(({ texts }) => texts[0]!.startsWith('small')))
    let before = 0
    while (!(await encoder.step())[0]!.startsWith('small')) before++
    // Those that were asked for already: an eighth of a portion each.
    assert.ok(before <= 3, `${before} calls of the load came first`)
    await eventually(async () => (await documentsIn(small)) === 1)
    const loaded = await documentsIn(bulk)
    for (let at = 0; at < 20; at++) await encoder.step()
    await eventually(async () => (await documentsIn(bulk)) > loaded)
  })
})
