import type { ExactValue } from '@hypershard/storage'
import { createSheet } from '../cpu/score-sheet.ts'
import type { ScoredSegment } from '../filtering/ranked-rows.ts'
import { columnOfValues } from './column-of-values.ts'

export interface TestRow {
  readonly id: string
  /** Undefined for a row that was not scored. */
  readonly score: number | undefined
  readonly values: readonly ExactValue[]
}

/** A segment with one field, `f`. */
export function scoredSegment(type: 'keyword' | 'number', rows: readonly TestRow[]): ScoredSegment {
  const sheet = createSheet(rows.length, false)
  for (const [row, { score }] of rows.entries()) if (score !== undefined) sheet.scores[row] = score
  const bytes = Buffer.concat(rows.map(({ id }) => Buffer.from(id)))
  const ids = {
    offsets: new Int32Array(new SharedArrayBuffer(4 * (rows.length + 1))),
    bytes: new Uint8Array(new SharedArrayBuffer(bytes.length)),
  }
  ids.bytes.set(bytes)
  for (const [row, { id }] of rows.entries()) ids.offsets[row + 1] = ids.offsets[row]! + Buffer.byteLength(id)
  const column = columnOfValues(
    type,
    rows.map(({ values }) => values),
  )
  return { columns: { f: column }, rows: rows.length, ids, sheet }
}
