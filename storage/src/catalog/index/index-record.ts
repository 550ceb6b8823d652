/**
 * `indexes/<index>/index.json`: what an index is. It is written when the index is created, never changed, and
 * deleted first when the index is, so that an index exists whole or not at all. docs/formats/index.md.
 */
import { randomUUID } from 'node:crypto'
import { type Clock, HypershardError, systemClock } from '@hypershard/common'
import { fieldsSchema, indexNamePattern, lexicalSchema, passagesSchema } from '@hypershard/contract'
import { z } from 'zod'
import { corruptData, decodeStored } from '../../corrupt-data.ts'
import { creatingFolder, creatingKey, deletingKey, indexesFolder, indexFolder, indexKey } from '../../layout.ts'
import { openSealedJson, sealJson, sha256Hex } from '../../sealed-json.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { requireNoAlias } from '../alias/require-no-alias.ts'

const indexSchema = z.strictObject({
  format: z.literal('hypershard.index/1'),
  name: z.string().regex(indexNamePattern),
  /** Another one when an index is deleted and created again under its name. */
  uid: z.uuid(),
  model: z.strictObject({ name: z.string(), digest: sha256Hex }),
  vectorWidth: z.int().min(1),
  shards: z.int().min(1),
  replicas: z.int().min(1),
  generation: z.int().min(1),
  /** What searches can filter by; left out for nothing. */
  fields: fieldsSchema.optional(),
  /** How long texts are cut into passages; left out where each document has one vector. */
  passages: passagesSchema.optional(),
  /** How its segments keep words; left out where they do not. */
  lexical: lexicalSchema.optional(),
  /** What a clone was made of; its first generation has a record of its own. */
  origin: z
    .strictObject({
      index: z.string(),
      indexUid: z.uuid(),
      generation: z.int().min(1),
      version: z.int().min(0),
      snapshot: z.string().nullable(),
    })
    .optional(),
  createdAt: z.iso.datetime(),
})

export type IndexRecord = Readonly<z.output<typeof indexSchema>>

/** Which index is meant: its name, and its own identity. */
export type IndexIdentity = Pick<IndexRecord, 'name' | 'uid'>

/** What the creator of an index decides. */
export type NewIndex = Pick<
  IndexRecord,
  'name' | 'model' | 'vectorWidth' | 'shards' | 'replicas' | 'fields' | 'passages' | 'lexical' | 'origin'
>

/**
 * Creates an empty index. What a half-finished deletion left under its name is deleted first. Of several who create it
 * at once, one succeeds at most. The caller sees to it that no deletion of the same name, and no commit to it, is under
 * way.
 * @param prepare writes what the index is to begin with, before there is one
 * @throws HypershardError `invalid_request` (the name), `index_exists`, also for a name that is an alias, and for one
 *   that somebody else is creating
 * @example
 * ```ts
 * const index = await createIndex(store, { name: 'papers', model, vectorWidth: 384, shards: 4, replicas: 1 })
 * ```
 */
export async function createIndex(
  store: ObjectStore,
  index: NewIndex,
  clock: Clock = systemClock,
  prepare?: (record: IndexRecord) => Promise<void>,
): Promise<IndexRecord> {
  if (!indexNamePattern.test(index.name)) throw badName(index.name)
  if ((await store.get(indexKey(index.name))) !== undefined) throw exists(index.name)
  await requireNoAlias(store, index.name)
  const { name, model, vectorWidth, shards, replicas, fields, passages, lexical, origin } = index
  const record: IndexRecord = {
    format: 'hypershard.index/1',
    name,
    uid: randomUUID(),
    model,
    vectorWidth,
    shards,
    replicas,
    generation: 1,
    ...(fields && { fields }),
    ...(passages && { passages }),
    ...(lexical && { lexical }),
    ...(origin && { origin }),
    createdAt: new Date(clock.now()).toISOString(),
  }
  const creating = creatingKey(name, record.uid)
  await store.put(creating, Buffer.from('{}'))
  try {
    // Asked again: from now on whoever makes the name an alias sees this creation, and before nobody did.
    await requireNoAlias(store, name)
    await deleteLeftovers(store, name, { creating, prepares: prepare !== undefined })
    await prepare?.(record)
    await store.putIfAbsent(indexKey(name), sealJson(indexSchema.parse(record)))
  } catch (error) {
    throw error instanceof HypershardError && error.code === 'conflict' ? exists(name, error) : error
  } finally {
    await store.delete(creating)
  }
  return record
}

/**
 * Deletes what lies under a name that is no index's. Whoever creates one has a mark there from before its first file until
 * after its `index.json`, so that files without that and without another's mark belong to nobody, and nobody who begins
 * now adds to them: he finds this mark.
 * @param creating the own mark
 * @param prepares whether files will be written before `index.json` is
 */
async function deleteLeftovers(
  store: ObjectStore,
  name: string,
  { creating, prepares }: { creating: string; prepares: boolean },
): Promise<void> {
  // In this order: the owner of a file that is listed has a mark after that, or an index by then.
  const keys = await store.list(indexFolder(name))
  const marks = await store.list(creatingFolder(name))
  if ((await store.get(indexKey(name))) !== undefined) throw exists(name)
  const leftovers = keys.filter(key => !key.startsWith(creatingFolder(name)))
  const others = marks.filter(mark => mark !== creating)
  if (others.length > 0 && (prepares || leftovers.length > 0)) throw beingCreated(name)
  for (const key of leftovers) await store.delete(key)
}

/** @throws HypershardError `index_not_found`, `corrupt_data` */
export async function readIndex(store: ObjectStore, name: string): Promise<IndexRecord> {
  const record = indexNamePattern.test(name) ? await findIndex(store, name) : undefined
  if (record === undefined) throw indexNotFound(name)
  return record
}

/**
 * The index that a reference means, not a later one of the same name.
 * @throws HypershardError `index_not_found`
 */
export async function requireIndex(store: ObjectStore, reference: { index: string; indexUid: string }) {
  const index = await readIndex(store, reference.index)
  if (index.uid !== reference.indexUid) throw indexNotFound(reference.index)
  return index
}

/**
 * The names under which an index may be, in order. Each is read alone, so that one that is damaged takes no other with
 * it; what a half-finished deletion left is `index_not_found` then.
 */
export async function listIndexNames(store: ObjectStore): Promise<string[]> {
  return (await store.listFolders(indexesFolder)).filter(name => indexNamePattern.test(name))
}

/** What else there is to do when an index is deleted, in this order. */
export interface DeletionSteps {
  /** The names of indexes that need files of it, asked once it is marked as being deleted. */
  readonly borrowers?: (() => Promise<readonly string[]>) | undefined
  /** Takes its names away after that; what it throws keeps the index. */
  readonly release?: () => Promise<void>
  /** Told once there is no index any more, while its files are still being deleted. */
  readonly gone?: () => void
}

/**
 * Deletes an index and everything of it. Once `index.json` is gone the index is, even when the rest is interrupted: what
 * is left then, `collectLeftovers` deletes. What an interrupted creation left is deleted too.
 * @throws HypershardError `index_not_found`, `index_in_use`, what `release` throws
 */
export async function deleteIndex(
  store: ObjectStore,
  name: string,
  { borrowers = async () => [], release = async () => undefined, gone = () => undefined }: DeletionSteps = {},
): Promise<void> {
  if (!indexNamePattern.test(name)) throw indexNotFound(name)
  if ((await store.get(indexKey(name))) === undefined) {
    if ((await store.list(creatingFolder(name))).length === 0) throw indexNotFound(name)
    gone()
    await store.deletePrefix(indexFolder(name))
    return
  }
  await store.put(deletingKey(name), Buffer.from('{}'))
  try {
    const names = await borrowers()
    if (names.length > 0) throw inUse(name, names)
    await release()
  } catch (error) {
    await store.delete(deletingKey(name))
    throw error
  }
  await store.delete(indexKey(name))
  gone()
  await store.deletePrefix(indexFolder(name))
}

export function indexNotFound(name: string): HypershardError {
  const message = `index \`${name}\` does not exist; create it with POST /v1/indexes`
  return new HypershardError('index_not_found', message, { details: { index: name } })
}

async function findIndex(store: ObjectStore, name: string): Promise<IndexRecord | undefined> {
  const key = indexKey(name)
  const bytes = await store.get(key)
  if (bytes === undefined) return undefined
  const where = `index \`${name}\``
  const record = decodeStored(where, key, { index: name, key }, () => openSealedJson(indexSchema, bytes))
  if (record.name !== name) throw corruptData(where, `${key} is of index \`${record.name}\``, { index: name, key })
  return record
}

function inUse(index: string, clones: readonly string[]): HypershardError {
  const message =
    `index \`${index}\` shares files with its clones ${clones.join(', ')}; delete those first, or reindex each and drop ` +
    'its older generations'
  return new HypershardError('index_in_use', message, { details: { index, clones } })
}

function exists(name: string, cause?: unknown): HypershardError {
  const message = `index \`${name}\` exists already; choose another name, or delete it first`
  return new HypershardError('index_exists', message, { details: { index: name }, cause })
}

function beingCreated(name: string): HypershardError {
  const message =
    `index \`${name}\` is being created by somebody else; try again, and if that was interrupted, ` +
    `delete what it left with DELETE /v1/indexes/${name}`
  return new HypershardError('index_exists', message, { details: { index: name } })
}

function badName(name: string): HypershardError {
  const message = `index name ${JSON.stringify(name)}: 1 to 64 of a-z 0-9 - _, starting with a letter or digit`
  return new HypershardError('invalid_request', message, { details: { field: 'name' } })
}
