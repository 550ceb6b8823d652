import type { IndexRecord } from '../catalog/index/index-record.ts'
import {
  idempotencyKeysFolder,
  keysCheckedKey,
  type LogReference,
  logEntriesFolder,
  logEntryKey,
  logFirstSeenKey,
  logPartKey,
  logPartsFolder,
  logTrimsFolder,
  numberOfKey,
} from '../layout.ts'
import { isExpiredKey, settleIdempotencyKey } from '../log/idempotency-record.ts'
import { type LogEntry, readLogEntry } from '../log/log-entry.ts'
import { markTrimmed, newestTrim, WriteLog } from '../log/write-log.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { Collected, CollectOptions } from './collect-generation.ts'
import { readFirstSeen, writeFirstSeen } from './first-seen.ts'

/** How often idempotency keys are looked through. */
const keysEveryMs = 3_600_000

/** How long an idempotency key is remembered, and a part that no entry names is kept. */
export const writesKeptMs = 24 * 3_600_000

/**
 * Deletes what every generation has of the log, and what broken-off writes left.
 * @param indexedUpTo the sequence number up to which every generation that follows the log has it
 * @throws HypershardError of the store
 */
export async function collectLog(
  store: ObjectStore,
  index: IndexRecord,
  indexedUpTo: number,
  options: CollectOptions,
): Promise<Collected> {
  const log: LogReference = { index: index.name, indexUid: index.uid }
  const trimmed = await trimEntries(store, log, indexedUpTo, options)
  const parts = await collectParts(store, index, log, options)
  const keys = await collectKeys(store, log, options)
  return [...trimmed, ...parts, ...keys]
}

/** Says up to where the log is trimmed, then deletes the entries and their parts. */
async function trimEntries(
  store: ObjectStore,
  log: LogReference,
  indexedUpTo: number,
  { nowMs, keepMs, dryRun = false }: CollectOptions,
): Promise<string[]> {
  const entries: LogEntry[] = []
  for (const key of await store.list(logEntriesFolder(log))) {
    const sequence = numberOfKey(key)
    if (!(sequence <= indexedUpTo)) break
    const entry = await readLogEntry(store, log, sequence)
    if (entry === undefined || nowMs - Date.parse(entry.createdAt) < keepMs) break
    entries.push(entry)
  }
  const last = entries.at(-1)
  if (last === undefined) return []
  const keys = entries.flatMap(entry => [
    ...entry.parts.map(({ name }) => logPartKey(log, name)),
    logEntryKey(log, entry.sequence),
  ])
  if (dryRun) return keys
  for (const entry of entries) {
    const { idempotencyKey } = entry
    if (idempotencyKey !== null) await settleIdempotencyKey(store, log, { ...entry, idempotencyKey })
  }
  if ((await newestTrim(store, log)) < last.sequence) await markTrimmed(store, log, last.sequence)
  for (const key of keys) await store.delete(key)
  const marks = (await store.list(logTrimsFolder(log))).slice(0, -1)
  for (const mark of marks) await store.delete(mark)
  return keys
}

/** Parts that no entry names: condemned first, by an entry that every later append reads. */
async function collectParts(
  store: ObjectStore,
  index: IndexRecord,
  log: LogReference,
  { nowMs, keepMs, dryRun = false }: CollectOptions,
): Promise<string[]> {
  const named = await partsNamed(store, log)
  const names = (await store.list(logPartsFolder(log))).map(nameOfPart)
  const idle = names.filter(name => !named.has(name))
  const before = await readFirstSeen(store, logFirstSeenKey(log))
  const seen = new Map(idle.map(name => [name, before.get(name) ?? nowMs]))
  const due = idle.filter(name => nowMs - seen.get(name)! >= Math.max(keepMs, writesKeptMs))
  if (dryRun) return due.map(name => logPartKey(log, name))
  if (seen.size > 0 || before.size > 0) await writeFirstSeen(store, logFirstSeenKey(log), seen)
  if (due.length === 0) return []
  await new WriteLog(store, index).append({ parts: [], condemned: due })
  const namedNow = await partsNamed(store, log)
  const keys = due.filter(name => !namedNow.has(name)).map(name => logPartKey(log, name))
  for (const key of keys) await store.delete(key)
  return keys
}

async function partsNamed(store: ObjectStore, log: LogReference): Promise<Set<string>> {
  const named = new Set<string>()
  for (const key of await store.list(logEntriesFolder(log))) {
    const entry = await readLogEntry(store, log, numberOfKey(key))
    for (const { name } of entry?.parts ?? []) named.add(name)
  }
  return named
}

function nameOfPart(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1).replace(/\.ndjson$/, '')
}

/** Reads every key there is, so only now and then. */
async function collectKeys(
  store: ObjectStore,
  log: LogReference,
  { nowMs, dryRun = false }: CollectOptions,
): Promise<string[]> {
  const checked = (await readFirstSeen(store, keysCheckedKey(log))).get('keys') ?? Number.NEGATIVE_INFINITY
  if (!dryRun) {
    if (nowMs - checked < keysEveryMs) return []
    await writeFirstSeen(store, keysCheckedKey(log), new Map([['keys', nowMs]]))
  }
  const keys: string[] = []
  for (const key of await store.list(idempotencyKeysFolder(log))) {
    if (await isExpiredKey(store, key, nowMs - writesKeptMs)) keys.push(key)
  }
  if (!dryRun) for (const key of keys) await store.delete(key)
  return keys
}
