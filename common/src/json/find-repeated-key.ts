/** A key that one JSON object gives twice: parsers take the last, and the first is lost without a word. */

const backslash = 0x5c
const colon = 0x3a

/**
 * Where an object of the text gives a key for the second time, as a path (`meta.year`, `authors.1.name`); undefined where
 * none does.
 * @param text well-formed JSON
 * @param value what it was parsed to
 */
export function findRepeatedKey(text: string, value: unknown): string | undefined {
  // Counting is far cheaper than following the text, and nearly all texts repeat nothing.
  return countKeysOfText(text) === countKeysOfValue(value) ? undefined : pathOfRepeatedKey(text)
}

function countKeysOfText(text: string): number {
  let keys = 0
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at)) {
    at = skipSpace(text, endOfString(text, at))
    if (text.charCodeAt(at) === colon) keys++
  }
  return keys
}

function countKeysOfValue(value: unknown): number {
  let keys = 0
  const pending = [value]
  while (pending.length > 0) {
    const next = pending.pop()
    if (typeof next !== 'object' || next === null || JSON.isRawJSON(next)) continue
    const inner = Object.values(next)
    if (!Array.isArray(next)) keys += inner.length
    for (const one of inner) if (typeof one === 'object') pending.push(one)
  }
  return keys
}

/** The object or array that is being read: its keys so far and the present one, or the present element. */
interface Level {
  readonly keys: Set<string> | undefined
  place: string | number
}

function pathOfRepeatedKey(text: string): string | undefined {
  const levels: Level[] = []
  for (let at = 0; at < text.length; at++) {
    const level = levels.at(-1)
    switch (text[at]) {
      case '{':
        levels.push({ keys: new Set(), place: '' })
        break
      case '[':
        levels.push({ keys: undefined, place: 0 })
        break
      case '}':
      case ']':
        levels.pop()
        break
      case ',':
        if (typeof level?.place === 'number') level.place++
        break
      case '"': {
        const end = endOfString(text, at)
        if (level?.keys !== undefined && text.charCodeAt(skipSpace(text, end)) === colon) {
          level.place = JSON.parse(text.slice(at, end)) as string
          if (level.keys.has(level.place)) return levels.map(({ place }) => place).join('.')
          level.keys.add(level.place)
        }
        at = end - 1
      }
    }
  }
  return undefined
}

/** Behind the closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); ; quote = text.indexOf('"', quote + 1)) {
    let before = quote - 1
    while (text.charCodeAt(before) === backslash) before--
    if ((quote - before) % 2 === 1) return quote + 1
  }
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (isSpace(text.charCodeAt(at))) at++
  return at
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
