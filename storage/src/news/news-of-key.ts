/** What a key of the store tells whoever hears that its object is new. */
export type News =
  /** Names point elsewhere. */
  | { readonly kind: 'names'; readonly version: number }
  /** An index was created or deleted. */
  | { readonly kind: 'index'; readonly index: string }
  /** A generation was begun, or what is to be done with it was changed. */
  | { readonly kind: 'generation'; readonly index: string; readonly generation: number }
  /** A version of a generation was committed. */
  | { readonly kind: 'manifest'; readonly index: string; readonly generation: number; readonly version: number }
  /** The write log goes on up to here. */
  | { readonly kind: 'log'; readonly index: string; readonly indexUid: string; readonly sequence: number }

const aliasTable = /^aliases\/(\d{10})\.json$/
const ofIndex = /^indexes\/([^/]+)\/(.+)$/
const logEntry = /^log\/([^/]+)\/entries\/(\d{10})\.json$/
const ofGeneration =
  /^generations\/([1-9]\d*)\/(?:generation\.json|samples\/[^/]+\.safetensors|(state|manifest)\/(\d{10})\.json)$/

/** Undefined for an object that nobody waits for: parts, segments, progress. */
export function newsOfKey(key: string): News | undefined {
  const table = aliasTable.exec(key)
  if (table !== null) return { kind: 'names', version: Number(table[1]) }
  const [, index, rest] = ofIndex.exec(key) ?? []
  if (index === undefined || rest === undefined) return undefined
  if (rest === 'index.json') return { kind: 'index', index }
  const entry = logEntry.exec(rest)
  if (entry !== null) return { kind: 'log', index, indexUid: entry[1]!, sequence: Number(entry[2]) }
  const place = ofGeneration.exec(rest)
  if (place === null) return undefined
  const generation = Number(place[1])
  if (place[2] === 'manifest') return { kind: 'manifest', index, generation, version: Number(place[3]) }
  return { kind: 'generation', index, generation }
}
