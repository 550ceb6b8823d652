import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Deadline,
  HypershardError,
  pauseWithin,
  quietTelemetry,
  type RunningService,
  readConfig,
} from '@hypershard/common'
import {
  createDirectoryStore,
  createIndex,
  firstGeneration,
  type IndexRecord,
  LogPartBuilder,
  latestManifest,
  type ObjectStore,
  WriteLog,
} from '@hypershard/storage'
import { indexerConfig } from './config.ts'
import type { EncoderServicePort } from './ports.ts'
import { startIndexer } from './start-indexer.ts'

const brokenModel = 'ab'.repeat(32)
const soundModel = 'cd'.repeat(32)

/** Refuses everything of one model. */
class HalfBrokenEncoder implements Pick<EncoderServicePort, 'describe' | 'encodeDocuments' | 'close'> {
  refusals = 0
  mended = false

  async encodeDocuments({ modelDigest, documents }: { modelDigest: string; documents: readonly unknown[] }) {
    if (modelDigest === brokenModel && !this.mended) {
      this.refusals++
      throw new HypershardError('invalid_model', 'told to fail')
    }
    return { vectors: new Float32Array(documents.length * 2), vectorWidth: 2, truncated: 0 }
  }

  async describe() {
    return { models: [], draining: false, protocolVersion: 2 }
  }

  close(): void {}
}

describe('an indexer', () => {
  let directory: string
  let store: ObjectStore
  let encoder: HalfBrokenEncoder
  let indexer: RunningService
  /** Stands still unless it is told to go on. */
  let nowMs: number

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-indexer-'))
    store = await createDirectoryStore(directory)
    encoder = new HalfBrokenEncoder()
    nowMs = 1_000
  })

  afterEach(async () => {
    await indexer.stop()
    await rm(directory, { recursive: true, force: true })
  })

  const create = (name: string, digest: string) =>
    createIndex(store, { name, model: { name: 'm', digest }, vectorWidth: 2, shards: 1, replicas: 1 })

  async function write(index: IndexRecord, id: string): Promise<number> {
    const builder = new LogPartBuilder()
    builder.add({ type: 'put', document: { id, title: '', text: 'a text', fields: '{}' } })
    const part = await builder.store(store, { index: index.name, indexUid: index.uid })
    return (await new WriteLog(store, index).append({ parts: [part] })).sequence
  }

  async function untilIndexed(index: IndexRecord, sequence: number): Promise<void> {
    const deadline = Deadline.after(10_000)
    while ((await latestManifest(store, firstGeneration(index))).log.sequence < sequence) {
      await pauseWithin(5, deadline, 'waiting until it is indexed')
    }
  }

  it('does not try a job again at once that failed, and holds up no other for it', async () => {
    // The scan finds the work of `a` first each time.
    const [broken, sound] = [await create('a', brokenModel), await create('b', soundModel)]
    await write(broken, 'd')
    const config = readConfig(indexerConfig, {
      HYPERSHARD_ENCODER: 'encoder.test:1',
      HYPERSHARD_STORE: directory,
      HYPERSHARD_INDEXER_SCAN_MS: '10',
      HYPERSHARD_INDEXER_CONCURRENCY: '1',
    })
    const clock = { now: () => Date.now(), monotonicMs: () => nowMs }
    indexer = await startIndexer(
      config,
      quietTelemetry(),
      { connectEncoder: () => encoder as unknown as EncoderServicePort },
      clock,
    )
    for (const id of ['1', '2', '3']) await untilIndexed(sound, await write(sound, id))
    assert.equal(encoder.refusals, 1)
    nowMs += 200
    for (const id of ['4', '5', '6']) await untilIndexed(sound, await write(sound, id))
    assert.equal(encoder.refusals, 2)

    // Once it was done, the next failure is a first one again.
    encoder.mended = true
    nowMs += 400
    await untilIndexed(broken, 1)
    // One job runs at a time, so this one comes after the end of that.
    await untilIndexed(sound, await write(sound, 'between'))
    encoder.mended = false
    await write(broken, 'e')
    for (const id of ['7', '8', '9']) await untilIndexed(sound, await write(sound, id))
    nowMs += 200
    for (const id of ['10', '11', '12']) await untilIndexed(sound, await write(sound, id))
    assert.equal(encoder.refusals, 4)
  })
})
