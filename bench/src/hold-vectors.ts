import {
  makeScanCopy,
  openVectorsFile,
  type ScanRequest,
  type ScoringPool,
  vectorsInMemory,
} from '@hypershard/shard-server'
import type { CalibratedGraph } from '@hypershard/storage'

const idBytes = 8

/** Vectors as one segment of a shard of their own. */
export interface HeldVectors {
  readonly key: string
  /** f32 [rows, width]; copied unless they have shared memory of their own, or are in a file of nothing else. */
  readonly vectors: Float32Array | { readonly path: string }
  readonly width: number
  readonly shard?: number
  /** The number that row r is called by: r unless told otherwise. */
  readonly numberOf?: (row: number) => number
  readonly graphPath?: string | undefined
  readonly recallKnobs?: CalibratedGraph['recallKnobs']
}

type Shard = ScanRequest['shards'][number]

/** Gives a pool of scoring threads vectors; a row's id is its number, in eight digits. */
export async function holdVectors(pool: ScoringPool, wanted: HeldVectors): Promise<Shard> {
  const { key, vectors, width, shard = 0, numberOf = row => row, graphPath, recallKnobs = [] } = wanted
  const file = 'path' in vectors ? openVectorsFile(vectors.path, width) : undefined
  const held = 'path' in vectors ? vectors : toShared(vectors)
  const source = 'path' in held ? file! : vectorsInMemory(held, width)
  const scanCopy = makeScanCopy(source)
  file?.close()
  const ids = numberedIds(source.rows, numberOf)
  await pool.hold({ key, width, vectors: held, ids, scanCopy, graphPath, recallKnobs })
  return { shard, segments: [{ key, position: 0, excluded: undefined, eligible: source.rows }] }
}

/** The id of the row with this number. */
export function idOf(number: number): string {
  return String(number).padStart(idBytes, '0')
}

function toShared(vectors: Float32Array): Float32Array<SharedArrayBuffer> {
  const { buffer } = vectors
  if (buffer instanceof SharedArrayBuffer && buffer.byteLength === vectors.byteLength) return new Float32Array(buffer)
  const shared = new Float32Array(new SharedArrayBuffer(vectors.byteLength))
  shared.set(vectors)
  return shared
}

function numberedIds(rows: number, numberOf: (row: number) => number) {
  const bytes = new Uint8Array(new SharedArrayBuffer(rows * idBytes))
  const offsets = new Int32Array(new SharedArrayBuffer((rows + 1) * Int32Array.BYTES_PER_ELEMENT))
  for (let row = 0; row < rows; row++) {
    bytes.set(Buffer.from(idOf(numberOf(row))), row * idBytes)
    offsets[row + 1] = (row + 1) * idBytes
  }
  return { offsets, bytes }
}
