import { HypershardError } from '@hypershard/common'
import { textAt } from '../../segment/formats/utf8-column.ts'
import { rowsLeft } from '../../segment/merge-segments.ts'
import { openSegment } from '../../segment/segment-reader.ts'
import { shardOf } from '../../shard-of.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { readAside } from '../aside/aside-file.ts'
import { eligibleDocuments, type Manifest, type SegmentEntry } from '../manifest.ts'
import { segmentAt } from '../manifest-files.ts'
import { readRangeSample, readScaleSample } from '../samples/sample-files.ts'

/** What reading every byte of a generation found. */
export interface Verification {
  readonly segments: number
  readonly bytes: number
  /** Distinct ids of rows that are not deleted. */
  readonly documents: number
  /** What the manifest says there are. */
  readonly documentsCounted: number
  /** Nothing when all is well; the first `problemsMax`. */
  readonly problems: readonly string[]
}

const problemsMax = 1_000

/**
 * Reads everything that a manifest names: every digest, every id, every tombstone; and counts. Each document must be
 * there once, in the shard it belongs to. Memory: the ids of one shard and one segment.
 * @param onSegment told after each segment
 * @throws HypershardError `storage_failed`; damage is a problem of the report, not a failure
 */
export async function verifyGeneration(
  store: ObjectStore,
  manifest: Manifest,
  onSegment: (done: number) => void = () => undefined,
): Promise<Verification> {
  const problems: string[] = []
  const note = (problem: string) => {
    if (problems.length < problemsMax) problems.push(problem)
  }
  let documents = 0
  let done = 0
  for (const [shard, segments] of Map.groupBy(manifest.segments, entry => entry.shard)) {
    const ids = new Set<string>()
    for (const entry of segments) {
      const found = await noting(note, () => verifySegment(store, manifest, entry))
      for (const id of found ?? []) {
        if (ids.has(id)) note(`document ${JSON.stringify(id)} is there twice`)
        if (shardOf(id, manifest.shards) !== shard)
          note(`document ${JSON.stringify(id)} is in the wrong shard, ${shard}`)
        ids.add(id)
      }
      onSegment(++done)
    }
    documents += ids.size
  }
  await noting(note, () => readRangeSample(store, manifest))
  await noting(note, () => readScaleSample(store, manifest))
  await noting(note, () => readAside(store, manifest))
  const documentsCounted = eligibleDocuments(manifest)
  if (documents !== documentsCounted && problems.length === 0) {
    note(`${documents} documents are there, and the manifest counts ${documentsCounted}`)
  }
  const bytes = manifest.segments.reduce((sum, entry) => sum + entry.bytes, 0)
  return { segments: manifest.segments.length, bytes, documents, documentsCounted, problems }
}

/** The ids of the rows that are left, once every byte has been read. */
async function verifySegment(store: ObjectStore, manifest: Manifest, entry: SegmentEntry): Promise<string[]> {
  const segment = await openSegment(store, segmentAt(manifest, entry))
  if (segment.documents !== entry.documents || segment.modelDigest !== manifest.modelDigest) {
    throw new HypershardError('corrupt_data', `segment ${entry.digest.slice(0, 8)}… is not what the manifest says`)
  }
  await segment.loadVectors()
  await segment.loadPassages()
  await segment.verifyDocuments()
  await segment.loadColumns(manifest.fields ?? {})
  if (manifest.lexical !== undefined) await segment.loadLexical()
  if (segment.hasGraph) await segment.copyGraph(undefined)
  const ids = await segment.loadIds()
  return (await rowsLeft(store, manifest, entry)).map(row => textAt(ids, row))
}

async function noting<Result>(
  note: (problem: string) => void,
  step: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await step()
  } catch (error) {
    if (!(error instanceof HypershardError) || error.code !== 'corrupt_data') throw error
    note(error.message)
    return undefined
  }
}
