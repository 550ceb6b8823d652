import { parseExact, printExact } from '../../api/parse-exact.ts'

/** Several values that are typed: between commas, or as a JSON array where a value has a comma itself. */
export function valuesIn(text: string): string[] {
  if (text.trim().startsWith('[')) {
    try {
      const values = parseExact(text)
      if (Array.isArray(values)) return values.map(value => (typeof value === 'string' ? value : printExact(value)))
    } catch {
      // It is still being typed.
    }
  }
  return text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
}

/** The same values as they are typed. */
export function typedValues(values: readonly string[]): string {
  const plain = values.every(value => value !== '' && value.trim() === value && !/,|^\[/.test(value))
  return plain ? values.join(', ') : JSON.stringify(values)
}
