/** A segment's f32 vectors, in memory or in a file: what scores reads them by row and need not know which. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { HypershardError, messageOf } from '@hypershard/common'

export interface VectorRows {
  readonly rows: number
  readonly width: number
  /** Rows from `first` to before `last`, row-major [last - first, width]; good until the next call. */
  range(first: number, last: number): Float32Array
  /** One row, into an f32 [width]. */
  copyRow(row: number, into: Float32Array): void
}

export interface RowOfVectors {
  readonly vectors: VectorRows
  readonly row: number
}

/** @param values row-major [rows, width] */
export function vectorsInMemory(values: Float32Array, width: number): VectorRows {
  const range = (first: number, last: number) => values.subarray(first * width, last * width)
  return {
    rows: values.length / width,
    width,
    range,
    copyRow: (row, into) => into.set(range(row, row + 1)),
  }
}

/**
 * Vectors in a local file of nothing else, little-endian, row-major. The file may be removed once it is open. Its calls
 * wait for the disk unless the system has the rows in its page cache.
 * @throws HypershardError `storage_failed`, from `range` and `copyRow` too
 */
export function openVectorsFile(path: string, width: number): VectorRows & { close(): void } {
  const rowBytes = width * Float32Array.BYTES_PER_ELEMENT
  const refused = (doing: string, error: unknown) =>
    new HypershardError(
      'storage_failed',
      `${doing} ${path}: ${messageOf(error)}; check the disk of HYPERSHARD_SHARD_SCRATCH`,
    )
  const attempt = <Result>(doing: string, step: () => Result): Result => {
    try {
      return step()
    } catch (error) {
      throw refused(doing, error)
    }
  }
  const file = attempt('opening', () => openSync(path, 'r'))
  const { size } = attempt('opening', () => fstatSync(file))
  const read = (firstRow: number, into: Float32Array) => {
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength)
    for (let filled = 0; filled < bytes.length; ) {
      const position = firstRow * rowBytes + filled
      const count = attempt('reading', () => readSync(file, bytes, filled, bytes.length - filled, position))
      if (count === 0) throw refused('reading', `it ends at byte ${position}`)
      filled += count
    }
  }
  let buffer = new Float32Array(0)
  return {
    rows: size / rowBytes,
    width,
    range(first, last) {
      const values = (last - first) * width
      if (buffer.length < values) buffer = new Float32Array(values)
      const found = buffer.subarray(0, values)
      read(first, found)
      return found
    },
    copyRow: read,
    close: () => closeSync(file),
  }
}

/** Rows of any segments of one width, one after the other, in a buffer of their own. */
export function copyRows(rows: readonly RowOfVectors[]): Float32Array {
  const [first] = rows
  if (first === undefined) return new Float32Array(0)
  const { width } = first.vectors
  const copied = new Float32Array(rows.length * width)
  for (const [place, { vectors, row }] of rows.entries()) {
    vectors.copyRow(row, copied.subarray(place * width, (place + 1) * width))
  }
  return copied
}
