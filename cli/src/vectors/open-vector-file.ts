import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import {
  decodeNpyHeader,
  decodeSafetensorsHeader,
  expectFormat,
  type FloatPrecision,
  FormatError,
  floatBytes,
  HypershardError,
  isNpy,
  messageOf,
  npyHeaderBytesMax,
  type PlacedTensor,
  toUserFileFailure,
} from '@hypershard/common'
import { vectorWidthMax } from '@hypershard/contract'
import { openTable } from '../tables/open-table.ts'
import { tableVectors } from '../tables/table-vectors.ts'
import type { VectorFile } from './vector-file.ts'

/** Of safetensors files; one of a model with hundreds of tensors has some tens of kilobytes. */
const headerBytesMax = 1024 * 1024
const prefixBytes = headerBytesMax + npyHeaderBytesMax

/** What is read at a time: some hundred rows. */
const chunkBytes = 1024 * 1024

/** Where a matrix lies in its file. */
interface Placed {
  readonly rows: number
  readonly width: number
  readonly precision: FloatPrecision
  readonly dataStart: number
}

/**
 * Opens a file of vectors: `.npy`; safetensors with one matrix, or the one that is named; or a column of a Parquet or Arrow
 * file. Its first bytes tell which.
 * @param tensor the name of the tensor, where a safetensors file has several, or of the column, if it is not `vector`
 * @throws HypershardError `invalid_request` that names the file, for whatever cannot be read as rows of vectors
 */
export async function openVectorFile(path: string, tensor?: string): Promise<VectorFile> {
  const table = await openTable(path)
  if (table !== undefined) return tableVectors(table, tensor)
  let file: FileHandle | undefined
  try {
    file = await open(path)
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, prefixBytes)), 0, undefined, 0)
    const placed = placedIn(buffer.subarray(0, bytesRead), size, tensor)
    const rowBytes = placed.width * floatBytes[placed.precision]
    const whole = Math.floor((size - placed.dataStart) / rowBytes)
    expectFormat(whole >= placed.rows, `it ends in row ${whole} of ${placed.rows}; make or fetch it again`)
    return { ...placed, path, readRows: () => readRows(path, placed, rowBytes) }
  } catch (error) {
    if (!(error instanceof FormatError)) throw toUserFileFailure(path, 'read', error)
    throw new HypershardError('invalid_request', `cannot read ${path}: ${error.message}`, { details: { file: path } })
  } finally {
    await file?.close()
  }
}

function placedIn(prefix: Buffer, fileBytes: number, tensor: string | undefined): Placed {
  const placed = isNpy(prefix) ? npyIn(prefix, tensor) : tensorIn(prefix, fileBytes, tensor)
  expectFormat(placed.rows >= 1, 'it has no rows')
  const { width } = placed
  expectFormat(
    width >= 1 && width <= vectorWidthMax,
    `its rows have ${width} values, vectors have 1 to ${vectorWidthMax}`,
  )
  return placed
}

function npyIn(prefix: Buffer, tensor: string | undefined): Placed {
  expectFormat(tensor === undefined, `it is a .npy file and has no tensor ${tensor}; leave the name out`)
  return decodeNpyHeader(prefix)
}

function tensorIn(prefix: Buffer, fileBytes: number, name: string | undefined): Placed {
  const { tensors, dataStart } = headerOf(prefix, fileBytes)
  const matrices = [...tensors].filter(([own, { shape }]) => (name === undefined ? shape.length === 2 : own === name))
  const names = [...tensors].map(([own, { shape }]) => `${own} [${shape.join(', ')}]`).join(', ')
  expectFormat(matrices.length > 0, `it has no ${name === undefined ? 'matrix' : `tensor ${name}`}; it has ${names}`)
  expectFormat(matrices.length === 1, `it has several matrices, say which with --tensor: ${names}`)
  const [, { dtype, shape, begin }] = matrices[0] as [string, PlacedTensor]
  expectFormat(dtype !== 'U8', 'its values are of type U8; save them as F32 or F16')
  expectFormat(shape.length === 2, `its shape is [${shape.join(', ')}]; vectors are a matrix, a row each`)
  const [rows, width] = shape as [number, number]
  return { rows, width, precision: dtype === 'F32' ? 'f32' : 'f16', dataStart: dataStart + begin }
}

function headerOf(prefix: Buffer, fileBytes: number): ReturnType<typeof decodeSafetensorsHeader> {
  try {
    return decodeSafetensorsHeader(prefix, { fileBytes, headerBytesMax })
  } catch (error) {
    const message = `it is no .npy file, and no safetensors file of U8, F16 and F32 either: ${messageOf(error)}`
    throw new FormatError(message, { cause: error })
  }
}

async function* readRows(path: string, { rows, dataStart }: Placed, rowBytes: number): AsyncGenerator<Buffer> {
  const end = dataStart + rows * rowBytes - 1
  const chunks = createReadStream(path, { start: dataStart, end, highWaterMark: chunkBytes })
  let rest: Buffer = Buffer.alloc(0)
  let read = 0
  try {
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      let at = 0
      for (; at + rowBytes <= bytes.length; at += rowBytes, read++) yield bytes.subarray(at, at + rowBytes)
      rest = bytes.subarray(at)
    }
  } catch (error) {
    throw toUserFileFailure(path, 'read', error)
  }
  if (read === rows) return
  const message = `cannot read ${path}: it ends in row ${read} of ${rows}, which it had before; was it written to?`
  throw new HypershardError('invalid_request', message, { details: { file: path, row: read } })
}
