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
  return JSON.stringify(toSend(value), undefined, indent) ?? 'undefined'
}

/** The same value, so that `JSON.stringify` writes it with the same digits. */
export function toSend<Value>(value: Value): Value {
  if (typeof value === 'bigint') return (rawJSON?.(String(value)) ?? Number(value)) as Value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(toSend) as Value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, toSend(part)])) as Value
}
