import { versionsKeptMax } from '@hypershard/proto/limits'

const floatBytes = 4
const bitsAByte = 8

/**
 * What the rows of a segment take of a shard server's memory, whatever they contain: f32 vectors (where they are not left
 * on disk), the int8 copy that tangents rank with two numbers for each of its columns, and tombstones. Ids, fields and a
 * graph come on top.
 */
export function rowBytesOf(
  { documents, vectorWidth }: { readonly documents: number; readonly vectorWidth: number },
  vectors: 'memory' | 'disk',
): number {
  const values = documents * vectorWidth
  const f32 = vectors === 'memory' ? values * floatBytes : 0
  const scanCopy = values + 2 * vectorWidth * floatBytes
  return f32 + scanCopy + versionsKeptMax * Math.ceil(documents / bitsAByte)
}
