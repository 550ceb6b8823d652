/**
 * `snapshots/<name>.json` of an index: one version of one of its generations under a name, kept until the snapshot is
 * deleted. It has the whole manifest, so that it needs no other record. docs/formats/snapshot.md.
 */
import { type Clock, HypershardError, retryOnConflict, systemClock } from '@hypershard/common'
import { indexNamePattern } from '@hypershard/contract'
import { z } from 'zod'
import { decodeStored } from '../../corrupt-data.ts'
import { snapshotKey, snapshotsFolder } from '../../layout.ts'
import { type Manifest, manifestSchema } from '../../manifest/manifest.ts'
import { latestManifest } from '../../manifest/manifest-store.ts'
import { openSealedJson, sealJson, sha256Hex } from '../../sealed-json.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import type { GenerationRecord } from '../generation/generation-record.ts'
import { type IndexRecord, requireIndex } from '../index/index-record.ts'
import { requireKept } from './require-kept.ts'

const snapshotSchema = z.strictObject({
  format: z.literal('hypershard.snapshot/1'),
  name: z.string().regex(indexNamePattern),
  model: z.strictObject({ name: z.string(), digest: sha256Hex }),
  manifest: manifestSchema,
  createdAt: z.iso.datetime(),
})

export interface Snapshot {
  readonly name: string
  readonly model: { readonly name: string; readonly digest: string }
  readonly manifest: Manifest
  readonly createdAt: string
}

/** Snapshots of one index: a collection reads all of them. */
export const snapshotsMax = 1_000

/** How often taking one starts over because its files were being deleted: it was taken of a version too old. */
const takeAttemptsMax = 10

/**
 * Gives the newest version of a generation a name. From now on its files are kept.
 * @throws HypershardError `invalid_request` (the name), `snapshot_exists`, `overloaded` beyond `snapshotsMax`,
 *   `index_not_found`
 */
export async function takeSnapshot(
  store: ObjectStore,
  generation: GenerationRecord,
  name: string,
  clock: Clock = systemClock,
): Promise<Snapshot> {
  const { index, indexUid, model } = generation
  if (!indexNamePattern.test(name)) throw badName(name)
  return retryOnConflict({ attemptsMax: takeAttemptsMax, clock }, async () => {
    const names = await listSnapshotNames(store, index)
    if (names.includes(name)) throw exists(index, name)
    if (names.length >= snapshotsMax) throw tooMany(index)
    const manifest = await latestManifest(store, generation)
    const createdAt = new Date(clock.now()).toISOString()
    const snapshot: Snapshot = { name, model, manifest, createdAt }
    const stored = snapshotSchema.parse({ format: 'hypershard.snapshot/1', ...snapshot })
    try {
      await store.putIfAbsent(snapshotKey(index, name), sealJson(stored))
    } catch (error) {
      throw error instanceof HypershardError && error.code === 'conflict' ? exists(index, name, error) : error
    }
    await requireIndex(store, { index, indexUid })
    try {
      await requireKept(store, manifest)
    } catch (error) {
      await store.delete(snapshotKey(index, name))
      throw error
    }
    return snapshot
  })
}

/** In name order. @throws HypershardError `corrupt_data` */
export async function listSnapshots(store: ObjectStore, index: Pick<IndexRecord, 'name' | 'uid'>): Promise<Snapshot[]> {
  const names = await listSnapshotNames(store, index.name)
  const found = await Promise.all(names.map(name => findSnapshot(store, index, name)))
  return found.filter(snapshot => snapshot !== undefined)
}

/** @throws HypershardError `snapshot_not_found`, `corrupt_data` */
export async function readSnapshot(
  store: ObjectStore,
  index: Pick<IndexRecord, 'name' | 'uid'>,
  name: string,
): Promise<Snapshot> {
  const snapshot = indexNamePattern.test(name) ? await findSnapshot(store, index, name) : undefined
  if (snapshot === undefined) throw notFound(index.name, name)
  return snapshot
}

/** Forgets a snapshot; what only it needed is deleted later. @throws HypershardError `snapshot_not_found` */
export async function deleteSnapshot(store: ObjectStore, index: string, name: string): Promise<void> {
  const key = snapshotKey(index, name)
  if (!indexNamePattern.test(name) || (await store.get(key)) === undefined) throw notFound(index, name)
  await store.delete(key)
}

async function listSnapshotNames(store: ObjectStore, index: string): Promise<string[]> {
  const folder = snapshotsFolder(index)
  const names = (await store.list(folder)).map(key => key.slice(folder.length).replace(/\.json$/, ''))
  return names.filter(name => indexNamePattern.test(name))
}

/** Undefined when there is none, or it is of an earlier index of that name. */
async function findSnapshot(store: ObjectStore, index: Pick<IndexRecord, 'name' | 'uid'>, name: string) {
  const key = snapshotKey(index.name, name)
  const bytes = await store.get(key)
  if (bytes === undefined) return undefined
  const details = { index: index.name, key }
  const { format: _, ...snapshot } = decodeStored(`index \`${index.name}\``, key, details, () =>
    openSealedJson(snapshotSchema, bytes),
  )
  return snapshot.manifest.indexUid === index.uid ? snapshot : undefined
}

function badName(name: string): HypershardError {
  const message = `snapshot name ${JSON.stringify(name)}: 1 to 64 of a-z 0-9 - _, starting with a letter or digit`
  return new HypershardError('invalid_request', message, { details: { field: 'name' } })
}

function exists(index: string, snapshot: string, cause?: unknown): HypershardError {
  const message = `index \`${index}\` has a snapshot \`${snapshot}\` already; choose another name, or delete it first`
  return new HypershardError('snapshot_exists', message, { details: { index, snapshot }, cause })
}

function tooMany(index: string): HypershardError {
  const message = `index \`${index}\` has ${snapshotsMax} snapshots, the most there may be; delete some first`
  return new HypershardError('overloaded', message, { details: { index } })
}

function notFound(index: string, snapshot: string): HypershardError {
  const message = `index \`${index}\` has no snapshot \`${snapshot}\`; \`hypershard snapshot list ${index}\` shows those there are`
  return new HypershardError('snapshot_not_found', message, { details: { index, snapshot } })
}
