import { parseExactJson } from '@hypershard/common'
import { InvalidArgumentError } from 'commander'

/** An option's value as a whole number in a range. */
export function wholeNumberIn(min: number, max: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
  }
}

/** An option's value as a share between 0 and 1. */
export function share(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value <= 1) return value
  throw new InvalidArgumentError('It must be a number from 0 to 1.')
}

export function positiveNumber(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value
  throw new InvalidArgumentError('It must be a number above 0.')
}

/** An option's value as a JSON object, with numbers as they are written. */
export function jsonObject(text: string): Record<string, unknown> {
  try {
    const value = parseExactJson(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Told below.
  }
  throw new InvalidArgumentError('It must be a JSON object, in quotes for the shell.')
}

/** `host:port`, with or without the brackets' IPv6. */
export function hostAndPort(text: string): string {
  if (/^(\[[0-9a-fA-F:]+\]|[^\s:]+):\d{1,5}$/.test(text) && Number(text.slice(text.lastIndexOf(':') + 1)) < 65_536) {
    return text
  }
  throw new InvalidArgumentError('It must be host:port, such as 127.0.0.1:7700.')
}

/** A comma-separated list with at least one entry. */
export function commaList(text: string): string[] {
  const entries = text
    .split(',')
    .map(entry => entry.trim())
    .filter(entry => entry !== '')
  if (entries.length > 0) return entries
  throw new InvalidArgumentError('It must name at least one.')
}
