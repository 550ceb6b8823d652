import assert from 'node:assert/strict'
import {
  AsyncByteQueue,
  Field,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  Schema,
  Struct,
  type TypeMap,
  Utf8,
} from 'apache-arrow'
import type { Utf8Column } from './utf8-column.ts'

/** A schema of text columns without nulls. */
export function textSchema(names: readonly string[]): Schema {
  return new Schema(names.map(name => new Field(name, new Utf8(), false)))
}

/**
 * Writes an Arrow IPC file of text columns batch by batch. It gives back the bytes instead of writing them, so that
 * the caller decides when to go on: nothing but the list of batches is kept.
 */
export class ArrowTextWriter {
  readonly #schema: Schema
  readonly #writer = new RecordBatchFileWriter()
  readonly #sink = new ChunkCollector()

  constructor(names: readonly string[]) {
    this.#schema = textSchema(names)
    this.#writer.reset(this.#sink)
  }

  /** One record batch; the first comes with the beginning of the file. Columns are in the schema's order. */
  batch(columns: readonly Utf8Column[]): Uint8Array[] {
    assert.equal(columns.length, this.#schema.fields.length)
    const length = columns[0]!.offsets.length - 1
    const children = columns.map(({ offsets, bytes }) =>
      makeData({ type: new Utf8(), length, nullCount: 0, valueOffsets: offsets, data: bytes }),
    )
    const data = makeData({ type: new Struct<TypeMap>(this.#schema.fields), length, nullCount: 0, children })
    this.#writer.write(new RecordBatch(this.#schema, data))
    return this.#sink.take()
  }

  /** The end of the file, with the footer. */
  end(): Uint8Array[] {
    this.#writer.close()
    return this.#sink.take()
  }
}

/** Where the library's writer puts its bytes; a queue in its eyes, a plain list in ours. */
class ChunkCollector extends AsyncByteQueue {
  #chunks: Uint8Array[] = []

  override write(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
  }

  take(): Uint8Array[] {
    const chunks = this.#chunks
    this.#chunks = []
    return chunks
  }
}
