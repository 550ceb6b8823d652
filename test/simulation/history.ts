import assert from 'node:assert/strict'
import type {
  GenerationRecord,
  GenerationReference,
  LogEntry,
  LogPosition,
  Manifest,
  Operation,
} from '@hypershard/storage'

interface Acknowledged {
  readonly index: string
  readonly sequence: number
  readonly operations: readonly Operation[]
}

const beginning: LogPosition = { sequence: 0, parts: 0 }

/**
 * What the processes of a simulation stored, as it was when they stored it, whatever was collected since; and what the
 * documents of a version must be by it. No name of an index is used twice.
 */
export class History {
  readonly #entries = new Map<string, Map<number, LogEntry>>()
  readonly #parts = new Map<string, readonly Operation[]>()
  readonly #generations = new Map<string, GenerationRecord>()
  readonly #positions = new Map<string, LogPosition>()
  readonly #acknowledged: Acknowledged[] = []

  /** Takes note of a stored object. */
  note(key: string, bytes: Uint8Array): void {
    const [, index, , , kind] = key.split('/')
    if (kind === 'entries') {
      const entry = parse<LogEntry>(bytes)
      this.#entriesOf(index!).set(entry.sequence, entry)
    } else if (kind === 'generation.json') {
      const record = parse<GenerationRecord>(bytes)
      this.#generations.set(named(record), record)
    } else if (kind === 'manifest') {
      const manifest = parse<Manifest>(bytes)
      this.#positions.set(named(manifest, manifest.version), manifest.log)
    }
  }

  /** What is in a part that a process stores. */
  notePart(name: string, operations: readonly Operation[]): void {
    this.#parts.set(name, operations)
  }

  acknowledge(write: Acknowledged): void {
    this.#acknowledged.push(write)
  }

  get acknowledged(): number {
    return this.#acknowledged.length
  }

  /** @throws AssertionError when an acknowledged write is not in the log, or a write is in it twice */
  checkLogs(): void {
    for (const { index, sequence, operations } of this.#acknowledged) {
      const logged = this.#operations(index, sequence)
      assert.deepEqual(logged, operations, `${index}: the acknowledged write ${sequence} is another one`)
    }
    for (const entries of this.#entries.values()) {
      const keys = [...entries.values()].map(({ idempotencyKey }) => idempotencyKey).filter(key => key !== null)
      assert.equal(new Set(keys).size, keys.length, 'a write is in the log twice')
    }
  }

  /** Where a generation is once it has followed all of its index's log. */
  endOf(place: GenerationReference): LogPosition {
    const from = this.#begins(place)
    return { sequence: Math.max(from.sequence, ...this.#entriesOf(place.index).keys()), parts: 0 }
  }

  /** The documents of a generation that is at a place in the log: id, version and text, in order. */
  documentsAt(place: GenerationReference, position: LogPosition): string[] {
    const documents = [...this.#fold(place, position)]
    return documents.map(([id, { version, text }]) => `${id}@${version}: ${text}`).sort()
  }

  #fold(place: GenerationReference, to: LogPosition): Map<string, { version: number; text: string }> {
    const source = this.#generations.get(named(place))?.source
    const origin = source?.restored ?? (source?.backfill && { index: place.index, ...source.backfill })
    const documents = origin ? this.#fold(origin, this.#positionOf(origin)) : new Map()
    const from = this.#begins(place)
    for (let sequence = from.sequence + 1; sequence <= to.sequence + 1; sequence++) {
      const first = sequence === from.sequence + 1 ? from : beginning
      const end = sequence === to.sequence + 1 ? to : undefined
      if (end?.parts === 0 && end.operations === undefined) continue
      for (const operation of this.#operations(place.index, sequence, first, end)) {
        if (operation.type === 'delete') documents.delete(operation.id)
        else documents.set(operation.document.id, { version: sequence, text: operation.document.text })
      }
    }
    return documents
  }

  /** Where a generation begins to follow the log. */
  #begins(place: GenerationReference): LogPosition {
    return this.#generations.get(named(place))?.source?.log ?? beginning
  }

  #positionOf(manifest: GenerationReference & { version: number }): LogPosition {
    return this.#positions.get(named(manifest, manifest.version)) ?? this.#begins(manifest)
  }

  /** Those of an entry between two places in it. */
  #operations(index: string, sequence: number, first = beginning, end?: LogPosition): Operation[] {
    const entry = this.#entriesOf(index).get(sequence)
    assert(entry !== undefined, `${index}: entry ${sequence} was never created`)
    return entry.parts.flatMap(({ name }, at) => {
      const all = this.#parts.get(name)!
      return all.slice(passedOf(all.length, at, first), end && passedOf(all.length, at, end))
    })
  }

  #entriesOf(index: string): Map<number, LogEntry> {
    const entries = this.#entries.get(index) ?? new Map<number, LogEntry>()
    this.#entries.set(index, entries)
    return entries
  }
}

/** How many operations of a part, by its number in the entry, lie before a place. */
function passedOf(operations: number, part: number, { parts, operations: passed = 0 }: LogPosition): number {
  if (part < parts) return operations
  return part === parts ? passed : 0
}

function named({ index, generation }: GenerationReference, version?: number): string {
  return [index, generation, version].join('/')
}

function parse<T>(bytes: Uint8Array): T {
  return JSON.parse(Buffer.from(bytes).toString()) as T
}
