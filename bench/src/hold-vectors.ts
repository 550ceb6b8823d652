import { makeScanCopy, type ScanRequest, type ScoringPool } from '@hypershard/shard-server'

const idBytes = 8

/** Gives a pool of scoring threads f32 vectors [rows, width] as one segment; a row's id is its number, in eight digits. */
export function holdVectors(
  pool: ScoringPool,
  key: string,
  vectors: Float32Array,
  width: number,
): ScanRequest['shards'] {
  const shared = new Float32Array(new SharedArrayBuffer(vectors.byteLength))
  shared.set(vectors)
  const rows = vectors.length / width
  const ids = numberedIds(rows)
  pool.hold({ key, width, vectors: shared, ids, scanCopy: makeScanCopy(shared, width) })
  return [{ shard: 0, segments: [{ key, position: 0, excluded: undefined, eligible: rows }] }]
}

function numberedIds(rows: number) {
  const bytes = new Uint8Array(new SharedArrayBuffer(rows * idBytes))
  const offsets = new Int32Array(new SharedArrayBuffer((rows + 1) * Int32Array.BYTES_PER_ELEMENT))
  for (let row = 0; row < rows; row++) {
    bytes.set(Buffer.from(String(row).padStart(idBytes, '0')), row * idBytes)
    offsets[row + 1] = (row + 1) * idBytes
  }
  return { offsets, bytes }
}
