/**
 * `log/<uid>/keys/<sha256>.json`: that an idempotency key is in use. `from` is the first sequence number that an entry
 * with this key may have: it is written before any attempt with the key appends, so whoever comes later with the same
 * key finds the entry by reading on from there. `sequence` is filled in afterwards and saves that reading.
 */
import { hash } from 'node:crypto'
import { HypershardError } from '@hypershard/common'
import { z } from 'zod'
import { decodeStored } from '../corrupt-data.ts'
import { idempotencyKey, type LogReference } from '../layout.ts'
import { openSealedJson, sealJson } from '../sealed-json.ts'
import type { ObjectStore } from '../store/object-store.ts'

const recordSchema = z.strictObject({
  format: z.literal('hypershard.idempotency-key/1'),
  from: z.int().min(1),
  sequence: z.int().min(1).nullable(),
  /** Of the parts, in order: the same key for other operations is refused. */
  parts: z.array(z.string()).nullable(),
  createdAt: z.iso.datetime(),
})

export type IdempotencyRecord = Readonly<z.output<typeof recordSchema>>

/**
 * Reserves a key, or finds what is known of it.
 * @param from a number that no entry with this key can be below: one past a sequence number seen in the log
 */
export async function reserveIdempotencyKey(
  store: ObjectStore,
  log: LogReference,
  key: string,
  fresh: { from: number; createdAt: string },
): Promise<IdempotencyRecord> {
  const known = await readIdempotencyRecord(store, log, key)
  if (known !== undefined) return known
  const record: IdempotencyRecord = { format: 'hypershard.idempotency-key/1', sequence: null, parts: null, ...fresh }
  try {
    await store.putIfAbsent(storedKeyOf(log, key), sealJson(record))
    return record
  } catch (error) {
    if (!(error instanceof HypershardError && error.code === 'conflict')) throw error
    return (await readIdempotencyRecord(store, log, key)) ?? record
  }
}

/** Notes which entry a key has, so that it is known after the entry is trimmed. */
export async function settleIdempotencyKey(
  store: ObjectStore,
  log: LogReference,
  entry: {
    idempotencyKey: string
    sequence: number
    parts: readonly { readonly digest: string }[]
    createdAt: string
  },
): Promise<void> {
  const { sequence, createdAt } = entry
  const parts = entry.parts.map(({ digest }) => digest)
  const record: IdempotencyRecord = {
    format: 'hypershard.idempotency-key/1',
    from: sequence,
    sequence,
    parts,
    createdAt,
  }
  await store.put(storedKeyOf(log, entry.idempotencyKey), sealJson(record))
}

/**
 * Whether a stored key is from before a time, and its write is known or never came.
 * @param stored the record's key in the store
 */
export async function isExpiredKey(store: ObjectStore, stored: string, beforeMs: number): Promise<boolean> {
  const bytes = await store.get(stored)
  if (bytes === undefined) return false
  const record = decodeStored('idempotency key', stored, { key: stored }, () => openSealedJson(recordSchema, bytes))
  return Date.parse(record.createdAt) < beforeMs
}

async function readIdempotencyRecord(
  store: ObjectStore,
  log: LogReference,
  key: string,
): Promise<IdempotencyRecord | undefined> {
  const stored = storedKeyOf(log, key)
  const bytes = await store.get(stored)
  if (bytes === undefined) return undefined
  return decodeStored(`write log of index \`${log.index}\``, stored, { ...log, key: stored }, () =>
    openSealedJson(recordSchema, bytes),
  )
}

function storedKeyOf(log: LogReference, key: string): string {
  return idempotencyKey(log, hash('sha256', key, 'hex'))
}
