/** What a browser gives a reviver beside key and value: for a number, as it was written. */
interface Source {
  readonly source?: string
}

/** JSON, with integers that no double holds as `bigint`: they are shown as the document has them. */
export function parseExact(text: string): unknown {
  return JSON.parse(text, function reviveExact(_key: string, value: unknown, { source }: Source = {}) {
    if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value
    return /^-?\d+$/.test(source) ? BigInt(source) : value
  } as (key: string, value: unknown) => unknown)
}

/** Of newer browsers: a number as it is to be written. */
const { rawJSON } = JSON as { readonly rawJSON?: (text: string) => unknown }

/** JSON of what `parseExact` gave, with the same digits. */
export function printExact(value: unknown, indent?: number): string {
  const exact = (_key: string, part: unknown) =>
    typeof part === 'bigint' ? (rawJSON?.(String(part)) ?? Number(part)) : part
  return JSON.stringify(value, exact, indent) ?? 'undefined'
}
