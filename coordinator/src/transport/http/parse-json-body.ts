import { isUtf8 } from 'node:buffer'
import {
  findRepeatedKey,
  HypershardError,
  isExactNumber,
  looksLikeUtf16,
  messageOf,
  parseExactJson,
  withoutByteOrderMark,
  withPlainNumbers,
} from '@hypershard/common'
import { requestBytesMax } from '../request-bytes-max.ts'

/** Beyond this the place of an unexpected token is not searched: it takes some twenty parses of the text. */
const searchedCharactersMax = 64 * 1024

/** Keys of a body whose elements are bodies themselves. */
const listKeys: readonly string[] = ['searches']

/** Keys of a body whose numbers are compared with those of documents, and so must not be rounded. */
const exactKeys: readonly string[] = ['filter']

/**
 * The value of a JSON body; undefined for an empty one. Numbers are doubles, except in `filter`, also of each of `searches`, where those that a double
 * would change are `ExactNumber`s. A byte order mark is left out.
 * @throws HypershardError `invalid_request`, with the position of the fault, for a key that is given twice, and for the
 *   key `__proto__`, which checks would overlook
 */
export function parseJsonBody(body: Buffer): unknown {
  const bytes = withoutByteOrderMark(body)
  if (bytes.length === 0) return undefined
  if (!isUtf8(bytes)) {
    throw new HypershardError('invalid_request', `body: ${looksLikeUtf16(bytes) ? 'UTF-16; send UTF-8' : 'not UTF-8'}`)
  }
  requireBounded(bytes)
  const text = bytes.toString()
  const value = parseText(text)
  const repeated = findRepeatedKey(text, value)
  if (repeated !== undefined) {
    throw new HypershardError('invalid_request', `body.${repeated}: given twice in one object; leave one out`)
  }
  if (text.includes('"__proto__"') && hasProtoKey(value)) {
    throw new HypershardError('invalid_request', 'body: unrecognized key: "__proto__"')
  }
  return withExactKeys(value)
}

/**
 * A body of megabytes is a search with a q-net, and all but its weights, one long string, is as short as in any other: that is
 * what takes time to be read and checked.
 */
function requireBounded(bytes: Buffer): void {
  if (bytes.length <= requestBytesMax) return
  const key = bytes.indexOf('"weights"')
  const begin = key < 0 ? -1 : bytes.indexOf('"', key + '"weights"'.length)
  const end = begin < 0 ? -1 : bytes.indexOf('"', begin + 1)
  const rest = bytes.length - Math.max(0, end - begin)
  if (rest <= requestBytesMax) return
  throw new HypershardError(
    'request_too_large',
    `request body is too large: at most ${requestBytesMax} bytes beside a q-net`,
  )
}

function parseText(text: string): unknown {
  try {
    return parseExactJson(text)
  } catch (error) {
    const message = messageOf(error)
    const position = positionOf(message, text)
    const where = position === undefined || /at position \d/.test(message) ? '' : ` at position ${position}`
    const details = position === undefined ? {} : { position }
    throw new HypershardError('invalid_request', `body: not JSON: ${lower(message)}${where}`, { details, cause: error })
  }
}

function withExactKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isExactNumber(value)) {
    return withPlainNumbers(value)
  }
  const entries = Object.entries(value).map(([key, inner]) => [
    key,
    exactKeys.includes(key)
      ? inner
      : listKeys.includes(key) && Array.isArray(inner)
        ? inner.map(withExactKeys)
        : withPlainNumbers(inner),
  ])
  return Object.fromEntries(entries)
}

function hasProtoKey(value: unknown): boolean {
  const pending = [value]
  while (pending.length > 0) {
    const next = pending.pop()
    if (typeof next !== 'object' || next === null) continue
    if (Object.hasOwn(next, '__proto__')) return true
    for (const inner of Object.values(next)) pending.push(inner)
  }
  return false
}

/** The parser tells the position of most faults, the end of the text for a missing end, and none for wrong tokens. */
function positionOf(message: string, text: string): number | undefined {
  const told = /at position (\d+)/.exec(message)?.[1]
  if (told !== undefined) return Number(told)
  if (message.startsWith('Unexpected end')) return text.length
  return text.length <= searchedCharactersMax ? findUnexpectedToken(text) : undefined
}

/** The shortest beginning that has the wrong token in it ends with that token; shorter ones only end too early. */
function findUnexpectedToken(text: string): number {
  let good = 0
  let bad = text.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (hasUnexpectedToken(text.slice(0, middle))) bad = middle
    else good = middle
  }
  return bad - 1
}

function hasUnexpectedToken(text: string): boolean {
  try {
    JSON.parse(text)
    return false
  } catch (error) {
    return messageOf(error).startsWith('Unexpected token')
  }
}

function lower(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}
