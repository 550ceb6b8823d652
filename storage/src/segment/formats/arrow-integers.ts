/** Arrow IPC files of Int32 columns without nulls. */
import { expectFormat } from '@hypershard/common'
import { Int32, tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow'

/** @param columns of one length, by name */
export function encodeIntegers(columns: Readonly<Record<string, readonly number[]>>): Uint8Array {
  const arrays = Object.entries(columns).map(([name, values]) => [name, Int32Array.from(values)] as const)
  return tableToIPC(tableFromArrays(Object.fromEntries(arrays)), 'file')
}

/**
 * The columns, in the order of their names, in memory that threads can share.
 * @throws FormatError, and whatever Arrow throws at what is no file of its own
 */
export function decodeIntegers(
  bytes: Uint8Array,
  names: readonly string[],
  rows: number,
): Int32Array<SharedArrayBuffer>[] {
  const table = tableFromIPC(bytes)
  return names.map(name => {
    const column = table.getChild(name)
    expectFormat(column !== null, `it has no column ${name}`)
    expectFormat(`${column.type}` === `${new Int32()}`, `column ${name} is ${column.type} where it should be Int32`)
    expectFormat(column.length === rows && column.nullCount === 0, `column ${name} has ${column.length} rows`)
    const values = new Int32Array(new SharedArrayBuffer(rows * Int32Array.BYTES_PER_ELEMENT))
    values.set(column.toArray() as Int32Array)
    return values
  })
}
