import { badCell, type Table, vectorColumn } from './table.ts'

/** Its members are fields of the document, beside other columns. */
const fieldsColumn = 'fields'

/**
 * A line of NDJSON a row: `id`, `title`, `text`, and every other column as a field of its name. `fields` holds several, as a
 * struct or as JSON. An empty cell is left out; vectors go another way.
 * @throws HypershardError `invalid_request` with row and column
 */
export async function* tableLines(table: Table): AsyncGenerator<Uint8Array> {
  let row = 0
  for await (const rows of table.read(table.columns.filter(name => name !== vectorColumn))) {
    const lines: string[] = []
    for (const cells of rows) {
      row++
      const { [fieldsColumn]: given, ...others } = cells
      const document = {
        ...fieldsOf(given, problem => badCell(table, { row, column: fieldsColumn }, problem)),
        ...Object.fromEntries(
          Object.entries(others).map(([column, cell]) => [
            column,
            jsonOf(cell, problem => badCell(table, { row, column }, problem)),
          ]),
        ),
      }
      lines.push(`${JSON.stringify(document)}\n`)
    }
    yield Buffer.from(lines.join(''))
  }
}

type Bad = (problem: string) => Error

function fieldsOf(cell: unknown, bad: Bad): object {
  const given = typeof cell === 'string' ? parsed(cell, bad) : jsonOf(cell, bad)
  if (given === undefined || given === null) return {}
  if (typeof given !== 'object' || Array.isArray(given)) throw bad('must be an object, as a struct or as JSON')
  return given
}

function parsed(text: string, bad: Bad): unknown {
  try {
    return JSON.parse(text, (_, value, context) => (typeof value === 'number' ? JSON.rawJSON(context!.source!) : value))
  } catch {
    throw bad('is no JSON')
  }
}

/** As JSON has it: integers of 64 bits stay exact, a time is RFC 3339. Undefined for an empty cell. */
function jsonOf(cell: unknown, bad: Bad): unknown {
  if (cell === null || cell === undefined) return undefined
  switch (typeof cell) {
    case 'bigint':
      return JSON.rawJSON(`${cell}`)
    case 'number':
      if (Number.isFinite(cell)) return cell
      throw bad(`${cell} has no place in a document`)
    case 'object':
      return jsonOfObject(cell, bad)
    default:
      return cell
  }
}

function jsonOfObject(cell: object, bad: Bad): unknown {
  if (cell instanceof Date) {
    if (Number.isFinite(cell.getTime())) return cell.toISOString()
    throw bad('is no time')
  }
  if (cell instanceof Uint8Array) throw bad('is bytes; documents have texts, numbers, times and booleans')
  if (Array.isArray(cell) || ArrayBuffer.isView(cell)) {
    return Array.from(cell as unknown as ArrayLike<unknown>, value => jsonOf(value, bad) ?? null)
  }
  return Object.fromEntries(Object.entries(cell).map(([name, own]) => [name, jsonOf(own, bad)]))
}
