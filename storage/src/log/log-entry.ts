/**
 * `log/<uid>/entries/<sequence>.json`: one acknowledged write: the parts that hold its operations. Created once, under
 * the next number, which is the compare-and-set that orders all writers of an index. docs/formats/write-log.md.
 */
import { idempotencyKeyCharactersMax, indexNamePattern } from '@hypershard/contract'
import { z } from 'zod'
import { corruptData, decodeStored } from '../corrupt-data.ts'
import { type LogReference, logEntryKey } from '../layout.ts'
import { openSealedJson, sealJson } from '../sealed-json.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { partSchema } from './operation.ts'

/** Of the version of today, 55; a later one may be longer, and is for whoever knows it. */
const traceparentCharactersMax = 256

const entrySchema = z.strictObject({
  format: z.literal('hypershard.log/1'),
  index: z.string().regex(indexNamePattern),
  indexUid: z.uuid(),
  sequence: z.int().min(1),
  idempotencyKey: z.string().min(1).max(idempotencyKeyCharactersMax).nullable(),
  parts: z.array(partSchema),
  /**
   * Names of parts that no entry up to here has: they are about to be deleted, and no later entry may have them. An
   * entry with such names has no parts.
   */
  condemned: z.array(z.uuid()),
  createdAt: z.iso.datetime(),
  /** The span that appended it, as W3C writes it, of a write that is traced: what is done for the write belongs to it. */
  traceparent: z.string().max(traceparentCharactersMax).optional(),
})

/** One write. Entries of an index are numbered from 1 without a gap; a later one wins an id they share. */
export type LogEntry = Readonly<z.output<typeof entrySchema>>

/**
 * Makes an entry durable.
 * @throws HypershardError `conflict` when the sequence number is taken
 */
export async function createLogEntry(store: ObjectStore, entry: LogEntry): Promise<void> {
  await store.putIfAbsent(logEntryKey(entry, entry.sequence), sealJson(entrySchema.parse(entry)))
}

/**
 * One entry; undefined when it was not written yet, or was trimmed.
 * @throws HypershardError `corrupt_data`
 */
export async function readLogEntry(
  store: ObjectStore,
  log: LogReference,
  sequence: number,
): Promise<LogEntry | undefined> {
  const key = logEntryKey(log, sequence)
  const bytes = await store.get(key)
  if (bytes === undefined) return undefined
  const where = `write log of index \`${log.index}\``
  const details = { ...log, key }
  const entry = decodeStored(where, key, details, () => openSealedJson(entrySchema, bytes))
  if (entry.sequence === sequence && entry.indexUid === log.indexUid) return entry
  throw corruptData(where, `${key} is another entry than its name says`, details)
}
