import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HypershardError } from '@hypershard/common'
import { quietContext } from '@hypershard/harness'
import { pseudoRandomWeights } from '@hypershard/harness/qnets'
import { architectureFromKey, encodeWeights } from '@hypershard/qnet'
import {
  DocumentGraph,
  externalModel,
  firstGeneration,
  graphQueriesDigest,
  knobFor,
  latestManifest,
  openSegment,
  recallTargets,
  segmentAt,
  verifyGeneration,
  writeOwnSamples,
} from '@hypershard/storage'
import { ingestLog } from '../ingest/ingest-log.ts'
import { TestLog } from '../testing/test-log.ts'
import { compactGeneration } from './compact-generation.ts'
import { compactionPolicy } from './compaction-policy.ts'

const segments = 4
const documentsEach = 100

describe('compactGeneration', () => {
  let log: TestLog

  beforeEach(async () => {
    log = await TestLog.create()
  })

  afterEach(() => log.remove())

  /** Some segments, each of one write; every tenth document has been deleted again. */
  async function fill() {
    const generation = firstGeneration(log.index)
    for (let segment = 0; segment < segments; segment++) {
      const ids = Array.from({ length: documentsEach }, (_, at) => `${segment}-${at}`)
      await log.write(Object.fromEntries(ids.map((id, at) => [id, 'x'.repeat(1 + ((at * 37) % 97))])))
      await ingestLog(generation, log.parts, quietContext())
    }
    await log.write(Object.fromEntries(Array.from({ length: segments }, (_, segment) => [`${segment}-10`, null])))
    const { manifest } = await ingestLog(generation, log.parts, quietContext())
    return { generation, manifest }
  }

  const partsOf = (sampleQueries: string[] | null) => {
    const { store, encoder } = log
    return { store, encoder, segmentsPerTier: segments, sampleQueries }
  }

  const compact = async (graphDocuments: number, sampleQueries: string[] | null = null) => {
    const { generation, manifest } = await fill()
    const parts = { ...partsOf(sampleQueries), graphDocuments }
    assert.equal(await compactGeneration(generation, manifest, parts, quietContext()), true)
    const merged = await latestManifest(log.store, generation)
    assert.equal(merged.segments.length, 1)
    const [entry] = merged.segments
    assert.equal(entry!.documents, segments * (documentsEach - 1))
    assert.deepEqual((await verifyGeneration(log.store, merged)).problems, [])
    return openSegment(log.store, segmentAt(merged, entry!))
  }

  it('gives a large segment a graph of all its rows and the knobs that find what exact scoring finds', async () => {
    const segment = await compact(1)
    assert.equal(segment.hasGraph, true)
    assert.deepEqual(
      segment.recallKnobs.map(({ recall }) => recall),
      [...recallTargets],
    )
    const path = join(tmpdir(), `hypershard-compact-${process.pid}`)
    try {
      await segment.copyGraph(path)
      const graph = DocumentGraph.open(path, segment.vectorWidth)
      assert.equal(graph.rows, segment.documents)
      const vectors = await segment.loadVectors()
      const longest = (row: number) => vectors[row * segment.vectorWidth]!
      // So few rows are read faster than walked.
      assert.equal(knobFor(segment.recallKnobs, 0.99)!.expansion, null)
      const found = graph.nearest(Float32Array.of(1, 0), 50).map(longest)
      assert.equal(Math.max(...found), Math.max(...Array.from({ length: segment.documents }, (_, row) => longest(row))))
    } finally {
      await rm(path, { force: true })
    }
  })

  it('calibrates with q-nets of users where nothing encodes a query, and builds no graph of layers without', async () => {
    const { generation: own, manifest } = await fill()
    const key = '2-2-1:relu:0000'
    const generation = { ...own, model: externalModel(key) }
    const parts = { ...partsOf(null), graphDocuments: 1 }
    await compactGeneration(generation, manifest, parts, quietContext())
    const without = await latestManifest(log.store, generation)
    assert.equal((await openSegment(log.store, segmentAt(without, without.segments[0]!))).hasGraph, false)
    const weights = Array.from({ length: 16 }, (_, at) =>
      encodeWeights(architectureFromKey(key), pseudoRandomWeights(architectureFromKey(key), at), 'f32'),
    )
    await writeOwnSamples(log.store, generation, weights)
    const policy = { ...parts, ...(await compactionPolicy(log.store, generation, without, { sampleQueries: null })) }
    assert.equal(await compactGeneration(generation, without, policy, quietContext()), true)
    const merged = await latestManifest(log.store, generation)
    const [entry] = merged.segments
    const segment = await openSegment(log.store, segmentAt(merged, entry!))
    assert.ok(segment.hasGraph && segment.recallKnobs.length > 0)
    assert.equal(entry!.graphQueries, policy.ownSamples!.digest)
    assert.equal(await compactGeneration(generation, merged, policy, quietContext()), false, 'it was calibrated again')
    assert.deepEqual(log.encoder.queries, [])
  })

  it('calibrates with the queries that are given, and makes none then', async () => {
    const queries = Array.from({ length: 16 }, (_, at) => `query ${at}`)
    const segment = await compact(1, queries)
    assert.equal(segment.recallKnobs.length, recallTargets.length)
    assert.deepEqual(log.encoder.queries, queries)
  })

  it('calibrates a graph again when other queries are given, and keeps every document', async () => {
    const queries = Array.from({ length: 16 }, (_, at) => `query ${at}`)
    const before = await compact(1)
    const generation = firstGeneration(log.index)
    const again = async (sampleQueries: string[] | null) => {
      const manifest = await latestManifest(log.store, generation)
      const parts = { ...partsOf(sampleQueries), graphDocuments: 1 }
      return compactGeneration(generation, manifest, parts, quietContext())
    }
    log.encoder.queries.length = 0
    assert.deepEqual([await again(queries), await again(queries)], [true, false])
    assert.deepEqual(log.encoder.queries, queries)
    const manifest = await latestManifest(log.store, generation)
    assert.equal(manifest.segments.length, 1)
    const [entry] = manifest.segments
    assert.equal(entry!.graphQueries, graphQueriesDigest(queries))
    const after = await openSegment(log.store, segmentAt(manifest, entry!))
    assert.notEqual(after.digest, before.digest)
    assert.deepEqual([after.documents, after.hasGraph], [before.documents, true])
    assert.deepEqual(await after.loadIds(), await before.loadIds())
    assert.deepEqual(await after.loadVectors(), await before.loadVectors())
    assert.deepEqual([await again(null), await again(null)], [true, false])
    assert.equal((await latestManifest(log.store, generation)).segments[0]!.graphQueries, undefined)
  })

  it('gives a small one none, and asks no encoder', async () => {
    const segment = await compact(segments * documentsEach)
    assert.deepEqual([segment.hasGraph, segment.recallKnobs], [false, []])
  })

  it('merges nothing when the encoder gives no queries', async () => {
    const { generation, manifest } = await fill()
    log.encoder.failure = new HypershardError('unavailable', 'down')
    const parts = { ...partsOf(null), graphDocuments: 1 }
    const failing = compactGeneration(generation, manifest, parts, quietContext())
    await assert.rejects(failing, { code: 'unavailable' })
    assert.equal((await latestManifest(log.store, generation)).version, manifest.version)
  })
})
