import { type FilterColumn, splitNumber } from '@hypershard/storage'

/** A column of these values, a list a row. */
export function columnOfValues(
  type: FilterColumn['type'],
  rows: readonly (readonly (string | number | bigint)[])[],
): FilterColumn {
  const offsets = new Int32Array(new SharedArrayBuffer(4 * (rows.length + 1)))
  for (const [row, values] of rows.entries()) offsets[row + 1] = offsets[row]! + values.length
  const all = rows.flat()
  const terms = [...new Set(all.filter(value => typeof value === 'string'))]
  if (type === 'keyword') {
    const values = new Int32Array(new SharedArrayBuffer(4 * all.length))
    for (const [at, value] of all.entries()) values[at] = terms.indexOf(value as string)
    return { type, offsets, values, terms }
  }
  const split = all.map(value => splitNumber(value as number | bigint))
  const values = new Float64Array(new SharedArrayBuffer(8 * all.length))
  const rests = new Int16Array(new SharedArrayBuffer(2 * all.length))
  for (const [at, { double, rest }] of split.entries()) {
    values[at] = double
    rests[at] = rest
  }
  return { type, offsets, values, terms, ...(split.some(({ rest }) => rest !== 0) && { rests }) }
}
