import { isUtf8 } from 'node:buffer'
import { HypershardError, messageOf } from '@hypershard/common'

/** Beyond this the place of an unexpected token is not searched: it takes some twenty parses of the text. */
const searchedCharactersMax = 64 * 1024

/**
 * The value of a JSON body; undefined for an empty one.
 * @throws HypershardError `invalid_request`, with the position of the fault
 */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) return undefined
  if (!isUtf8(body)) throw new HypershardError('invalid_request', 'body: not UTF-8')
  const text = body.toString()
  try {
    return JSON.parse(text)
  } catch (error) {
    const message = messageOf(error)
    const position = positionOf(message, text)
    const where = position === undefined || /at position \d/.test(message) ? '' : ` at position ${position}`
    const details = position === undefined ? {} : { position }
    throw new HypershardError('invalid_request', `body: not JSON: ${lower(message)}${where}`, { details, cause: error })
  }
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
