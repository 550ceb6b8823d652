import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HypershardError, quietTelemetry, type RunningService, readConfig } from '@hypershard/common'
import { captureLog, eventually, FakeEncoder } from '@hypershard/harness'
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
import { startIndexer } from './start-indexer.ts'

const encoderAddress = 'encoder.test:7720'

/** Failures between the first and the last of an outage: enough that a line for each would show. */
const failuresBetween = 3

describe('what an indexer tells of outages', () => {
  let parent: string
  let directory: string
  let store: ObjectStore
  let encoder: FakeEncoder
  let indexer: RunningService
  let lines: Record<string, unknown>[]
  let index: IndexRecord

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'hypershard-outages-'))
    directory = join(parent, 'store')
    await mkdir(join(parent, 'real'))
    await linkStoreTo('real')
    store = await createDirectoryStore(directory)
    encoder = new FakeEncoder()
    const captured = captureLog('debug')
    lines = captured.lines
    const config = readConfig(indexerConfig, {
      HYPERSHARD_ENCODER: encoderAddress,
      HYPERSHARD_STORE: directory,
      HYPERSHARD_INDEXER_SCAN_MS: '10',
    })
    indexer = await startIndexer(config, quietTelemetry({ log: captured.log }), { connectEncoder: () => encoder })
    const { name, digest } = encoder.models[0]!
    const model = { name, digest }
    index = await createIndex(store, { name: 'papers', model, vectorWidth: 16, shards: 1, replicas: 1 })
  })

  afterEach(async () => {
    await indexer.stop()
    await rm(parent, { recursive: true })
  })

  /** At once: a folder that is missing for a moment would be an empty store. */
  async function linkStoreTo(target: string): Promise<void> {
    await symlink(target, join(parent, 'next'))
    await rename(join(parent, 'next'), directory)
  }

  async function write(id: string): Promise<number> {
    const builder = new LogPartBuilder()
    builder.add({ type: 'put', document: { id, title: '', text: 'stars', fields: '{}' } })
    const part = await builder.store(store, { index: index.name, indexUid: index.uid })
    return (await new WriteLog(store, index).append({ parts: [part] })).sequence
  }

  const untilIndexed = (sequence: number) =>
    eventually(async () => (await latestManifest(store, firstGeneration(index))).log.sequence >= sequence)

  const stillAway = (what: string) => lines.filter(line => line.what === what && line.msg === 'still away').length

  /** One line when it goes, one when it is back, and nothing else that somebody reads. */
  function assertToldOnce(what: string): void {
    const told = lines.filter(line => Number(line.level) >= 30)
    assert.deepEqual(
      told.map(line => [line.what, line.msg]),
      [
        [what, 'away; the next line comes when it is back'],
        [what, 'back'],
      ],
    )
  }

  it('of the encoder: one line when it goes, one when it is back', async () => {
    const what = `encoder service ${encoderAddress}`
    await untilIndexed(await write('a'))
    encoder.failure = new HypershardError('unavailable', 'connection refused')
    const sequence = await write('b')
    await eventually(() => stillAway(what) >= failuresBetween)
    encoder.failure = undefined
    await untilIndexed(sequence)
    assertToldOnce(what)
  })

  it('of the object store, found by jobs and by looking for work: one line when it goes, one when it is back', async () => {
    await untilIndexed(await write('a'))
    // A link to itself fails whatever is asked for.
    await linkStoreTo('store')
    await eventually(() => stillAway('object store') >= failuresBetween)
    await linkStoreTo('real')
    await untilIndexed(await write('b'))
    assertToldOnce('object store')
  })
})
