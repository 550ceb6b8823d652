import assert from 'node:assert/strict'
import { quietContext } from '@hypershard/harness'
import {
  commitSegments,
  latestManifest,
  type Manifest,
  openSegment,
  passagesOfRow,
  type StoredDocument,
  segmentAt,
} from '@hypershard/storage'
import { compactGeneration } from '../compact/compact-generation.ts'
import { TestLog } from '../testing/test-log.ts'
import { writeSegments } from './write-segments.ts'

/** The letter encoder cuts at each `|`, and a vector is [letters, 1]. */
describe('indexing documents of several passages', () => {
  let log: TestLog
  let manifest: Manifest

  beforeEach(async () => {
    log = await TestLog.create(1, { overlap: 0 })
    manifest = await latestManifest(log.store, log.generation)
  })

  afterEach(() => log.remove())

  const documentOf = (id: string, text: string): StoredDocument => ({ id, title: '', text, fields: '{}', version: 1 })

  async function put(...documents: StoredDocument[]): Promise<void> {
    const { added } = await writeSegments(manifest, documents, log.parts, quietContext())
    manifest = await commitSegments(log.store, manifest, added)
  }

  /** By id: each passage, and the first number of its vector. */
  async function stored() {
    const found: Record<string, string[]> = {}
    for (const entry of manifest.segments) {
      const reader = await openSegment(log.store, segmentAt(manifest, entry))
      const [table, vectors] = [await reader.loadPassages(), await reader.loadVectors()]
      const documents = await reader.openDocuments()
      for (const [row, { id }] of (await documents.read([...Array(entry.documents).keys()])).entries()) {
        const first = table?.starts[row] ?? row
        if (table === undefined) found[id] = [`all ${vectors[2 * first]}`]
        else
          found[id] = passagesOfRow(table, row).map(
            ({ begin, end }, at) => `${begin}-${end} ${vectors[2 * (first + at)]}`,
          )
      }
      await documents.close()
    }
    return found
  }

  it('counts documents, and stores a vector for each passage', async () => {
    await put(documentOf('a', 'one|three'), documentOf('b', 'x'))
    assert.deepEqual(
      manifest.segments.map(({ documents, passages }) => [documents, passages]),
      [[2, 3]],
    )
    assert.deepEqual(await stored(), { a: ['0-3 3', '4-9 5'], b: ['0-1 1'] })
  })

  it('stores what it would store without passages where no text is cut', async () => {
    await put(documentOf('a', 'one'), documentOf('b', 'x'))
    assert.deepEqual([manifest.segments[0]!.passages, await stored()], [undefined, { a: ['all 3'], b: ['all 1'] }])
  })

  it('takes the vector that a document came with for all of its text', async () => {
    const vector = { model: manifest.modelDigest, values: Float32Array.of(7, 7) }
    await put({ ...documentOf('own', '🦊|b'), vector }, documentOf('a', 'one|two'))
    assert.deepEqual(await stored(), { own: ['0-3 7'], a: ['0-3 3', '4-7 3'] })
  })

  it('merges them, with a graph of their vectors, and has nothing more to merge then', async () => {
    await put(documentOf('a', 'one|three'), documentOf('b', 'x'))
    await put(documentOf('c', 'four|one|'))
    const before = await stored()
    const sampleQueries = Array<string>(16).fill('query')
    const parts = { store: log.store, encoder: log.encoder, segmentsPerTier: 2, sampleQueries, graphDocuments: 1 }
    assert(await compactGeneration(log.generation, manifest, parts, quietContext()))
    manifest = await latestManifest(log.store, log.generation)
    assert.deepEqual([manifest.segments.length, await stored(), log.encoder.queries], [1, before, sampleQueries])
    const merged = await openSegment(log.store, segmentAt(manifest, manifest.segments[0]!))
    // Of three documents.
    assert.deepEqual([merged.hasGraph, merged.recallKnobs.at(-1)!.candidates], [true, 20])
    assert.equal(await compactGeneration(log.generation, manifest, parts, quietContext()), false)
  })
})
