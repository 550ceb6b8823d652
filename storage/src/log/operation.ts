/**
 * `log/<uid>/parts/<name>.ndjson`: operations in order, one JSON array a line:
 * `["put", id, title, text, fields]`, where `fields` is the JSON text of an object and a vector of its own may follow
 * (`own-vector.ts`), or `["delete", id]`. The name is
 * drawn anew for each part, so that a part that nothing names can be deleted without fear that the same one is being
 * written again. docs/formats/write-log.md.
 */
import { hash, randomUUID } from 'node:crypto'
import { expectFormat } from '@hypershard/common'
import { z } from 'zod'
import { decodeStored, shortDigest } from '../corrupt-data.ts'
import { type LogReference, logPartKey } from '../layout.ts'
import { checkShape, sha256Hex } from '../sealed-json.ts'
import type { DocumentContent } from '../segment/documents-file.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { readVerified } from '../store/read-verified.ts'
import { decodeOwnVector, type OwnVector, ownVectorColumn, ownVectorSchema } from './own-vector.ts'

/** A document as it is put. */
export interface PutDocument extends DocumentContent {
  /** Where it came with one. */
  readonly vector?: OwnVector | undefined
}

/** One change of one document. */
export type Operation =
  | { readonly type: 'put'; readonly document: PutDocument }
  | { readonly type: 'delete'; readonly id: string }

/** A part as its entry names it. */
export const partSchema = z.strictObject({
  name: z.uuid(),
  /** SHA-256 of the file. */
  digest: sha256Hex,
  bytes: z.int().min(1),
  puts: z.int().min(0),
  deletes: z.int().min(0),
})

export type LogPart = Readonly<z.output<typeof partSchema>>

/** How much a part holds. */
export type LogPartSize = Pick<LogPart, 'bytes' | 'puts' | 'deletes'>

/**
 * What one part may hold: whoever indexes holds a part in memory.
 * One operation may exceed the bytes alone: it is a part of its own then.
 */
export const partBounds = Object.freeze({ operationsMax: 4096, bytesMax: 16 * 1024 * 1024 })

const lineSchema = z.union([
  z.tuple([z.literal('put'), z.string(), z.string(), z.string(), z.string()]),
  z.tuple([z.literal('put'), z.string(), z.string(), z.string(), z.string(), ownVectorSchema]),
  z.tuple([z.literal('delete'), z.string()]),
])

const newline = 0x0a

export function operationId(operation: Operation): string {
  return operation.type === 'put' ? operation.document.id : operation.id
}

/** Collects operations of one part. */
export class LogPartBuilder {
  #lines: string[] = []
  #bytes = 0
  #deletes = 0

  get operations(): number {
    return this.#lines.length
  }

  get size(): LogPartSize {
    return { bytes: this.#bytes, puts: this.#lines.length - this.#deletes, deletes: this.#deletes }
  }

  /** Whether the part is full: the next operation belongs into a new one. */
  get full(): boolean {
    return this.#lines.length >= partBounds.operationsMax || this.#bytes >= partBounds.bytesMax
  }

  add(operation: Operation): void {
    const line = `${JSON.stringify(lineOf(operation))}\n`
    this.#lines.push(line)
    this.#bytes += Buffer.byteLength(line)
    if (operation.type === 'delete') this.#deletes++
  }

  /**
   * Makes the part durable and starts the next one. Nothing knows of it before an entry names it.
   * @throws HypershardError `storage_full`, `storage_failed`
   */
  async store(store: ObjectStore, log: LogReference): Promise<LogPart> {
    const bytes = Buffer.from(this.#lines.join(''))
    const digest = hash('sha256', bytes, 'hex')
    const part = { name: randomUUID(), digest, ...this.size }
    this.#lines = []
    this.#bytes = 0
    this.#deletes = 0
    await store.putIfAbsent(logPartKey(log, part.name), bytes)
    return part
  }
}

/**
 * The operations of a part, in order.
 * @throws HypershardError `corrupt_data`
 */
export async function readLogPart(store: ObjectStore, log: LogReference, part: LogPart): Promise<Operation[]> {
  const key = logPartKey(log, part.name)
  const where = `log part ${shortDigest(part.name)}`
  const details = { ...log, key }
  const { digest } = part
  const bytes = await readVerified(store, { key, digest, where, details, digestIs: 'the one in its entry' })
  return decodeStored(where, key, details, () => {
    const operations = [...linesOf(Buffer.from(bytes.buffer))].map(decodeLine)
    expectFormat(operations.length === part.puts + part.deletes, `it has ${operations.length} operations`)
    return operations
  })
}

function lineOf(operation: Operation): readonly unknown[] {
  if (operation.type === 'delete') return ['delete', operation.id]
  const { id, title, text, fields, vector } = operation.document
  return ['put', id, title, text, fields, ...(vector === undefined ? [] : [ownVectorColumn(vector)])]
}

function* linesOf(bytes: Buffer): Generator<string> {
  let start = 0
  for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
    yield bytes.toString('utf8', start, end)
    start = end + 1
  }
  expectFormat(start === bytes.length, 'its last line has no end')
}

function decodeLine(line: string): Operation {
  const [type, id, title, text, fields, vector] = checkShape(lineSchema, JSON.parse(line))
  if (type === 'delete') return { type, id }
  const document = { id, title: title!, text: text!, fields: fields! }
  return { type, document: vector === undefined ? document : { ...document, vector: decodeOwnVector(vector) } }
}
