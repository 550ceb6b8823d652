import assert from 'node:assert/strict'
import { type Clock, type Deadline, HypershardError, pauseAfterConflict, systemClock } from '@hypershard/common'
import { type IndexIdentity, requireIndex } from '../catalog/index/index-record.ts'
import { corruptData } from '../corrupt-data.ts'
import { type LogReference, logEntriesFolder, logEntryKey, logTrimKey, logTrimsFolder, numberOfKey } from '../layout.ts'
import { isSamePosition, type LogPosition } from '../manifest/manifest.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { type IdempotencyRecord, reserveIdempotencyKey, settleIdempotencyKey } from './idempotency-record.ts'
import { createLogEntry, type LogEntry, readLogEntry } from './log-entry.ts'
import type { LogPart, LogPartSize } from './operation.ts'

/** What is to be appended: parts that are stored already. */
export interface NewLogEntry {
  readonly parts: readonly LogPart[]
  /** Names of parts that nobody may append any more. */
  readonly condemned?: readonly string[]
  /** A write with the same key is appended once, however often it is tried. */
  readonly idempotencyKey?: string | undefined
  /** Append under this number or not at all: whatever the write was decided on is the newest there is. */
  readonly expectedSequence?: number | undefined
  /** Of a write that is traced: the span that whatever is done for it belongs to. */
  readonly traceparent?: string | undefined
}

export interface Appended {
  readonly sequence: number
  /** An earlier attempt with the same idempotency key had written it. */
  readonly repeated: boolean
}

/** What was written and is not indexed. */
export interface LogLag {
  readonly entries: number
  readonly parts: number
  readonly operations: number
  /** Of the operations, those that put a document. */
  readonly puts: number
  /** Of the parts, as they are stored. */
  readonly bytes: number
}

/** Nothing waits. */
export const noLag: LogLag = Object.freeze({ entries: 0, parts: 0, operations: 0, puts: 0, bytes: 0 })

/** How often an append starts over because other writers came first. Each time one of them got further. */
const appendAttemptsMax = 1_000

/**
 * The durable, ordered record of an index's writes, as one process sees it. Any number of processes may append: each
 * entry is created under the next number if that is not taken. An append that has returned survives anything short of
 * losing the object store.
 * @example
 * ```ts
 * const log = new WriteLog(store, index)
 * const part = new LogPartBuilder()
 * part.add({ type: 'delete', id: 'a' })
 * const stored = await part.store(store, { index: index.name, indexUid: index.uid })
 * const { sequence } = await log.append({ parts: [stored] })
 * ```
 */
export class WriteLog {
  readonly #store: ObjectStore
  readonly #log: LogReference
  readonly #clock: Clock
  /** An entry of this number was seen, or everything up to it was trimmed. */
  #seen: number | undefined
  /** Parts that were given up, of the entries that this process has read. */
  readonly #condemned = new Set<string>()
  /** The parts of each entry that the newest manifest lacks, by sequence number. */
  readonly #sizes = new Map<number, readonly LogPartSize[]>()
  /** What lies behind the place asked for last, up to an entry. */
  #counted = { from: { sequence: 0, parts: 0 } as LogPosition, sequence: 0, lag: noLag }

  constructor(store: ObjectStore, index: IndexIdentity, clock: Clock = systemClock) {
    this.#store = store
    this.#log = { index: index.name, indexUid: index.uid }
    this.#clock = clock
  }

  /**
   * The highest sequence number, 0 for an empty log. Costs a listing the first time and a read an entry after. Asked
   * before the parts of a write are stored, it spares the append from reading the whole log.
   */
  async head(): Promise<number> {
    this.#seen ??= await firstHead(this.#store, this.#log)
    for (;;) {
      for (;;) {
        const entry = await readLogEntry(this.#store, this.#log, this.#seen + 1)
        if (entry === undefined) break
        this.#note(entry)
      }
      const trimmed = await newestTrim(this.#store, this.#log)
      if (trimmed <= this.#seen) return this.#seen
      this.#seen = trimmed
    }
  }

  /**
   * How much of the log comes after a place in it. Reads each entry once.
   * @param position what a manifest has of the log
   */
  async lagBehind(position: LogPosition): Promise<LogLag> {
    if (!isSamePosition(this.#counted.from, position)) {
      for (const known of this.#sizes.keys()) if (known <= position.sequence) this.#sizes.delete(known)
      this.#counted = { from: position, sequence: position.sequence, lag: noLag }
    }
    // Several may count at a time: each goes on from what it knew, and the one that got furthest is remembered.
    let { from, sequence, lag } = this.#counted
    for (;;) {
      const parts = this.#sizes.get(sequence + 1) ?? (await this.#measure(sequence + 1))
      if (parts === undefined) break
      sequence++
      lag = addLag(lag, sequence === from.sequence + 1 ? lagFrom(from, parts) : lagOf(parts))
    }
    if (this.#counted.from === from && this.#counted.sequence < sequence) this.#counted = { from, sequence, lag }
    return lag
  }

  async #measure(sequence: number): Promise<readonly LogPartSize[] | undefined> {
    const entry = await readLogEntry(this.#store, this.#log, sequence)
    if (entry === undefined) return undefined
    const sizes = entry.parts.map(({ bytes, puts, deletes }) => ({ bytes, puts, deletes }))
    this.#sizes.set(sequence, sizes)
    return sizes
  }

  /**
   * Appends one entry; it is durable, and ordered after every entry that was, when this resolves.
   * @throws HypershardError `conflict` when `expectedSequence` is taken, `idempotency_mismatch` when the key stands for
   *   other operations, `index_not_found` when the index was deleted meanwhile, `storage_full`, `storage_failed`;
   *   `deadline_exceeded` or `cancelled` before another attempt
   */
  async append(entry: NewLogEntry, deadline?: Deadline): Promise<Appended> {
    assert(entry.parts.length > 0 || entry.condemned !== undefined, 'an entry of nothing')
    // Whoever appends without having looked before reads everything: its parts may have been given up long ago.
    this.#seen ??= await newestTrim(this.#store, this.#log)
    const reserved = await this.#reserve(entry)
    if (reserved?.sequence != null) return repeatOf(entry, { sequence: reserved.sequence, parts: reserved.parts ?? [] })
    let sequence = reserved === undefined ? (await this.head()) + 1 : reserved.from
    for (let attempt = 0; attempt < appendAttemptsMax; ) {
      const found = await readLogEntry(this.#store, this.#log, sequence)
      if (found !== undefined) {
        this.#note(found)
        if (isSameKey(found, entry)) return this.#repeat(found, entry)
        sequence++
        continue
      }
      const trimmed = await newestTrim(this.#store, this.#log)
      if (sequence <= trimmed) {
        sequence = trimmed + 1
        continue
      }
      if (await this.#create(entry, sequence)) return { sequence, repeated: false }
      await pauseAfterConflict(++attempt, { deadline, clock: this.#clock })
    }
    const message = `index \`${this.#log.index}\`: other writers came first ${appendAttemptsMax} times; try again`
    throw new HypershardError('overloaded', message, { details: { index: this.#log.index } })
  }

  /**
   * The number of the entry that has an idempotency key; undefined where there is none so far. Whoever appends with the key
   * afterwards finds out what came in between.
   */
  async find(idempotencyKey: string): Promise<number | undefined> {
    const { from, sequence } = (await this.#reserve({ parts: [], idempotencyKey }))!
    if (sequence !== null) return sequence
    for (let at = from; ; at++) {
      const entry = await readLogEntry(this.#store, this.#log, at)
      if (entry === undefined) return undefined
      if (entry.idempotencyKey === idempotencyKey) return at
    }
  }

  async #reserve({ idempotencyKey }: NewLogEntry): Promise<IdempotencyRecord | undefined> {
    if (idempotencyKey === undefined) return undefined
    const fresh = { from: (await this.head()) + 1, createdAt: this.#now() }
    return reserveIdempotencyKey(this.#store, this.#log, idempotencyKey, fresh)
  }

  /** @returns whether the entry got the number; if not, another has it */
  async #create(
    { parts, condemned = [], idempotencyKey, expectedSequence, traceparent }: NewLogEntry,
    sequence: number,
  ): Promise<boolean> {
    const gone = parts.find(({ name }) => this.#condemned.has(name))
    if (gone !== undefined) throw tooLate(this.#log)
    if (expectedSequence !== undefined && sequence !== expectedSequence) throw overtaken(this.#log, expectedSequence)
    const key = idempotencyKey ?? null
    const entry: LogEntry = {
      format: 'hypershard.log/1',
      ...this.#log,
      sequence,
      idempotencyKey: key,
      parts: [...parts],
      condemned: [...condemned],
      createdAt: this.#now(),
      ...(traceparent !== undefined && { traceparent }),
    }
    try {
      await createLogEntry(this.#store, entry)
    } catch (error) {
      if (error instanceof HypershardError && error.code === 'conflict') return false
      throw error
    }
    // An appender that slept while the log went on and was trimmed finds a number free that was used before.
    if ((await newestTrim(this.#store, this.#log)) >= sequence) {
      await this.#store.delete(logEntryKey(this.#log, sequence))
      return false
    }
    await requireIndex(this.#store, this.#log)
    this.#note(entry)
    if (key !== null) await settleIdempotencyKey(this.#store, this.#log, { ...entry, idempotencyKey: key })
    return true
  }

  #note(entry: LogEntry): void {
    this.#seen = Math.max(this.#seen ?? 0, entry.sequence)
    for (const name of entry.condemned) this.#condemned.add(name)
  }

  async #repeat(found: LogEntry, entry: NewLogEntry): Promise<Appended> {
    const repeat = repeatOf(entry, { sequence: found.sequence, parts: found.parts.map(({ digest }) => digest) })
    await settleIdempotencyKey(this.#store, this.#log, { ...found, idempotencyKey: found.idempotencyKey! })
    return repeat
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString()
  }
}

/** What is left of the entry that a place lies in. Bytes are counted by whole parts, and puts are as many as may be. */
function lagFrom({ parts: done, operations = 0 }: LogPosition, parts: readonly LogPartSize[]): LogLag {
  const lag = lagOf(parts.slice(done))
  const left = lag.operations - operations
  return { ...lag, operations: left, puts: Math.min(lag.puts, left) }
}

/** What parts of one entry add to what waits. */
export function lagOf(parts: readonly LogPartSize[]): LogLag {
  return {
    entries: 1,
    parts: parts.length,
    operations: parts.reduce((sum, { puts, deletes }) => sum + puts + deletes, 0),
    puts: parts.reduce((sum, { puts }) => sum + puts, 0),
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

export function addLag(one: LogLag, other: LogLag): LogLag {
  return {
    entries: one.entries + other.entries,
    parts: one.parts + other.parts,
    operations: one.operations + other.operations,
    puts: one.puts + other.puts,
    bytes: one.bytes + other.bytes,
  }
}

/**
 * The highest sequence number whose entry may have been deleted: everything up to it is in the segments of every
 * generation. Raised before anything is deleted.
 */
export async function newestTrim(store: ObjectStore, log: LogReference): Promise<number> {
  return lastNumber(await store.list(logTrimsFolder(log)), log)
}

/** Says that the entries up to this one may have been deleted. Once is enough. */
export async function markTrimmed(store: ObjectStore, log: LogReference, sequence: number): Promise<void> {
  try {
    await store.putIfAbsent(logTrimKey(log, sequence), Buffer.from('{}'))
  } catch (error) {
    if (!(error instanceof HypershardError && error.code === 'conflict')) throw error
  }
}

async function firstHead(store: ObjectStore, log: LogReference): Promise<number> {
  const entry = lastNumber(await store.list(logEntriesFolder(log)), log)
  return Math.max(entry, await newestTrim(store, log))
}

function lastNumber(keys: readonly string[], log: LogReference): number {
  const last = keys.at(-1)
  if (last === undefined) return 0
  const number = numberOfKey(last)
  if (Number.isNaN(number)) {
    throw corruptData(`write log of index \`${log.index}\``, `${last} does not belong there`, { key: last })
  }
  return number
}

function isSameKey(found: LogEntry, { idempotencyKey }: NewLogEntry): boolean {
  return idempotencyKey !== undefined && found.idempotencyKey === idempotencyKey
}

function repeatOf(entry: NewLogEntry, found: { sequence: number; parts: readonly string[] }): Appended {
  const same =
    entry.parts.length === found.parts.length && entry.parts.every((part, at) => part.digest === found.parts[at])
  if (same) return { sequence: found.sequence, repeated: true }
  const message =
    `idempotency key ${JSON.stringify(entry.idempotencyKey)} stands for other documents, written as sequence ` +
    `${found.sequence}; use a new key for each write`
  throw new HypershardError('idempotency_mismatch', message, { details: { sequence: found.sequence } })
}

function tooLate({ index }: LogReference): HypershardError {
  const message = `index \`${index}\`: the write took so long that its documents were given up; send them again`
  return new HypershardError('conflict', message, { details: { index } })
}

function overtaken({ index }: LogReference, expected: number): HypershardError {
  const message = `index \`${index}\`: another write became ${expected}; read it and decide anew`
  return new HypershardError('conflict', message, { details: { index, sequence: expected } })
}
