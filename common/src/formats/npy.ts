/**
 * The header of `.npy` files (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html), versions 1 to 3: one
 * array in one file. Its values follow it, so that rows can be read one after the other.
 *
 * | bytes | content |
 * |---|---|
 * | 0..6 | `\x93NUMPY` |
 * | 6..8 | the version, major and minor |
 * | 8.. | N, the header's length, little-endian: u16 in version 1, u32 in 2 and 3 |
 * | ..+N | a Python dictionary with `descr`, `fortran_order` and `shape`, padded so that the data begins at a multiple of 64 |
 */
import { expectFormat } from '../errors/format-error.ts'
import type { FloatPrecision } from './float-values.ts'

const magic = Buffer.from('\x93NUMPY', 'latin1')
const alignmentBytes = 64
const precisions: Readonly<Record<string, FloatPrecision>> = { '<f4': 'f32', '<f2': 'f16' }

/** A matrix of a file: row-major [rows, width]. */
export interface NpyMatrix {
  readonly rows: number
  readonly width: number
  readonly precision: FloatPrecision
}

/** More than numpy writes for a matrix; a longer header is refused unread. */
export const npyHeaderBytesMax = 4_096

/** Whether a file begins as one of numpy's. */
export function isNpy(prefix: Uint8Array): boolean {
  return magic.equals(prefix.subarray(0, magic.length))
}

/**
 * @param prefix the file's beginning: all of it, or at least `12 + npyHeaderBytesMax` bytes
 * @throws FormatError for what is no matrix of f32 or f16 in C order
 */
export function decodeNpyHeader(prefix: Buffer): NpyMatrix & { readonly dataStart: number } {
  expectFormat(isNpy(prefix) && prefix.length >= 12, 'it is no .npy file')
  const version = prefix[6]!
  expectFormat(version >= 1 && version <= 3, `its version is ${version}, not 1, 2 or 3`)
  const textStart = version === 1 ? 10 : 12
  const length = version === 1 ? prefix.readUInt16LE(8) : prefix.readUInt32LE(8)
  expectFormat(length <= npyHeaderBytesMax, `its header says to be ${length} bytes long`)
  const dataStart = textStart + length
  expectFormat(dataStart <= prefix.length, 'it ends inside its header')
  return { ...matrixOf(prefix.toString('latin1', textStart, dataStart)), dataStart }
}

/** @example encodeNpyHeader({ rows: 2, width: 3, precision: 'f32' }) // then 24 bytes of values */
export function encodeNpyHeader({ rows, width, precision }: NpyMatrix): Uint8Array<ArrayBuffer> {
  const descr = Object.keys(precisions).find(key => precisions[key] === precision)
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${rows}, ${width}), }`
  const bytes = Math.ceil((10 + text.length + 1) / alignmentBytes) * alignmentBytes
  const header = Buffer.alloc(bytes, ' ')
  magic.copy(header)
  header.set([1, 0], magic.length)
  header.writeUInt16LE(bytes - 10, 8)
  header.write(text, 10, 'latin1')
  header.write('\n', bytes - 1, 'latin1')
  return Uint8Array.from(header)
}

function matrixOf(header: string): NpyMatrix {
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1]
  expectFormat(descr !== undefined, 'its header names no plain type of values')
  const precision = precisions[descr]
  expectFormat(
    precision !== undefined,
    `its values are of type ${descr}; save them as '<f4' or '<f2', for example with .astype(numpy.float32)`,
  )
  const inRows = /'fortran_order':\s*False/.test(header)
  expectFormat(inRows, 'its values stand column by column; save it with numpy.ascontiguousarray')
  const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1] ?? ''
  const sizes = shape.split(',').flatMap(size => (size.trim() === '' ? [] : [Number(size)]))
  expectFormat(sizes.length === 2, `its shape is (${shape.trim()}); vectors are a matrix, a row each`)
  return { rows: sizes[0]!, width: sizes[1]!, precision }
}
