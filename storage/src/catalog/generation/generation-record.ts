/**
 * `generations/<n>/generation.json`: one complete build of an index with one model. Created once, never changed. The
 * first generation is described by the index's own record and has no file, but for a clone's. docs/formats/generation.md.
 */
import { type Clock, HypershardError, retryOnConflict, systemClock } from '@hypershard/common'
import { fieldsSchema, indexNamePattern, lexicalSchema, passagesSchema } from '@hypershard/contract'
import { z } from 'zod'
import { corruptData, decodeStored } from '../../corrupt-data.ts'
import { generationKey, generationsFolder } from '../../layout.ts'
import { manifestFilesSchema, positionSchema } from '../../manifest/manifest.ts'
import { openSealedJson, sealJson, sha256Hex } from '../../sealed-json.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import type { IndexRecord } from '../index/index-record.ts'

const recordSchema = z.strictObject({
  format: z.literal('hypershard.generation/1'),
  index: z.string().regex(indexNamePattern),
  indexUid: z.uuid(),
  generation: z.int().min(1),
  model: z.strictObject({ name: z.string(), digest: sha256Hex }),
  vectorWidth: z.int().min(1),
  shards: z.int().min(1),
  fields: fieldsSchema.optional(),
  passages: passagesSchema.optional(),
  lexical: lexicalSchema.optional(),
  /** What it begins with, and the place in the write log that it goes on from. */
  source: z
    .strictObject({
      log: positionSchema,
      /** The version of another generation that its documents are copied from, to be encoded anew. */
      backfill: z
        .strictObject({ generation: z.int().min(1), version: z.int().min(0), slices: z.int().min(0) })
        .optional(),
      /** The version that it begins as, and that version's files, which it shares. */
      restored: z
        .strictObject({
          index: z.string().regex(indexNamePattern),
          generation: z.int().min(1),
          version: z.int().min(0),
          snapshot: z.string().nullable(),
          files: manifestFilesSchema,
        })
        .optional(),
    })
    .nullable(),
  createdAt: z.iso.datetime(),
})

export type GenerationRecord = Readonly<z.output<typeof recordSchema>>

/** What whoever starts a reindex decides. */
export type NewGeneration = Pick<GenerationRecord, 'model' | 'vectorWidth' | 'shards' | 'source'>

/** How often creating one starts over because others came first. */
const createAttemptsMax = 100

/** Writes the first generation of an index that is about to be created as a clone. */
export async function writeFirstGeneration(
  store: ObjectStore,
  index: IndexRecord,
  source: GenerationRecord['source'],
): Promise<GenerationRecord> {
  const record: GenerationRecord = { ...firstGeneration(index), source }
  await store.put(generationKey(record), sealJson(recordSchema.parse(record)))
  return record
}

/** The generation that an index is created with, empty. */
export function firstGeneration(index: IndexRecord): GenerationRecord {
  const { name, uid, model, vectorWidth, shards, fields, passages, lexical, createdAt } = index
  return {
    format: 'hypershard.generation/1',
    index: name,
    indexUid: uid,
    generation: 1,
    model,
    vectorWidth,
    shards,
    ...(fields && { fields }),
    ...(passages && { passages }),
    ...(lexical && { lexical }),
    source: null,
    createdAt,
  }
}

/**
 * Creates the next generation of an index, empty.
 * @throws HypershardError `conflict` when others create generations all the time
 */
export async function createGeneration(
  store: ObjectStore,
  index: IndexRecord,
  settings: NewGeneration,
  clock: Clock = systemClock,
): Promise<GenerationRecord> {
  return retryOnConflict({ attemptsMax: createAttemptsMax, clock }, async () => {
    const numbers = await listGenerations(store, index)
    const record: GenerationRecord = {
      ...firstGeneration(index),
      generation: Math.max(...numbers) + 1,
      createdAt: new Date(clock.now()).toISOString(),
      ...settings,
    }
    const key = generationKey({ index: index.name, generation: record.generation })
    await store.putIfAbsent(key, sealJson(recordSchema.parse(record)))
    return record
  })
}

/**
 * The numbers of an index's generations, ascending, dropped ones too: a number is never used twice.
 * @throws HypershardError `storage_failed`
 */
export async function listGenerations(store: ObjectStore, index: Pick<IndexRecord, 'name'>): Promise<number[]> {
  const names = await store.listFolders(generationsFolder(index.name))
  const numbers = names.filter(name => /^[1-9]\d{0,8}$/.test(name)).map(Number)
  return [...new Set([1, ...numbers])].sort((a, b) => a - b)
}

/** @throws HypershardError `generation_not_found`, `corrupt_data` */
export async function readGeneration(
  store: ObjectStore,
  index: IndexRecord,
  generation: number,
): Promise<GenerationRecord> {
  if (generation === 1 && index.origin === undefined) return firstGeneration(index)
  const key = generationKey({ index: index.name, generation })
  const bytes = await store.get(key)
  if (bytes === undefined) throw generationNotFound(index.name, generation)
  const where = `index \`${index.name}\``
  const details = { index: index.name, key }
  const record = decodeStored(where, key, details, () => openSealedJson(recordSchema, bytes))
  if (record.indexUid === index.uid && record.generation === generation) return record
  throw corruptData(where, `${key} is another generation than its name says`, details)
}

function generationNotFound(index: string, generation: number): HypershardError {
  const message = `index \`${index}\` has no generation ${generation}; GET /v1/indexes/${index}/generations lists them`
  return new HypershardError('generation_not_found', message, { details: { index, generation } })
}
