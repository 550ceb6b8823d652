import { versionsKeptMax } from '@hypershard/proto/limits'

const floatBytes = 4
const bitsAByte = 8

/** Rows of a segment as memory counts them. */
interface MeasuredRows {
  readonly documents: number
  /** Vectors, where there is not one a document. */
  readonly passages?: number | undefined
  readonly vectorWidth: number
}

/** Whose passage a vector is, and where it begins and ends. */
const passageBytes = 3 * Int32Array.BYTES_PER_ELEMENT

/**
 * What the rows of a segment take of a shard server's memory, whatever they contain: f32 vectors (where they are not left
 * on disk), the int8 copy that tangents rank with two numbers for each of its columns, and tombstones. Ids, fields and a
 * graph come on top.
 */
export function rowBytesOf({ documents, passages, vectorWidth }: MeasuredRows, vectors: 'memory' | 'disk'): number {
  const values = (passages ?? documents) * vectorWidth
  const f32 = vectors === 'memory' ? values * floatBytes : 0
  const scanCopy = values + 2 * vectorWidth * floatBytes
  const tombstones = versionsKeptMax * Math.ceil(documents / bitsAByte)
  return f32 + scanCopy + tombstones + (passages ?? 0) * passageBytes
}
