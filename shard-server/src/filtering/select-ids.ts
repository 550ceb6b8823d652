import type { Keywords } from '@hypershard/proto/shard'
import { type Bitmap, createBitmap, setBit } from '@hypershard/storage/rows'
import type { SharedIds } from '../ports.ts'

/** The rows that have one of these ids. Bytes are compared, so that no string is made of the others. */
export function selectIds({ values }: Keywords, { offsets, bytes }: SharedIds): Bitmap {
  const wanted = Map.groupBy(
    values.map(id => Buffer.from(id)),
    ({ length }) => length,
  )
  const rows = offsets.length - 1
  const selected = createBitmap(rows)
  for (let row = 0; row < rows; row++) {
    const begin = offsets[row]!
    const end = offsets[row + 1]!
    if (wanted.get(end - begin)?.some(id => id.compare(bytes, begin, end) === 0)) setBit(selected, row)
  }
  return selected
}
