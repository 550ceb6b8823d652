import { shorten, toPlainLine } from '../terminal/fit-text.ts'

/** Longer texts are shortened: the beginnings tell leaves apart. */
const textWidthMax = 24

/**
 * What a leaf of an expression is called for people: its text, or what stands for it.
 * @param path of an answer's `leaves`, such as `any[1].all[0]`
 */
export function leafName(query: unknown, path: string): string {
  let node = query
  for (const [, key = '', place] of path.matchAll(/(\w+)(?:\[(\d+)\])?/g)) {
    const nodes = (node as Readonly<Record<string, unknown>> | undefined)?.[key]
    node = place === undefined ? nodes : (nodes as readonly unknown[] | undefined)?.[Number(place)]
  }
  const name = nameOf(/\blike\[\d+\]$/.test(path) ? { like: [node] } : node) ?? path
  return /\bnot\b/.test(path) ? `not ${name}` : name
}

function nameOf(node: unknown): string | undefined {
  if (typeof node === 'string') return shorten(toPlainLine(node), textWidthMax)
  const { text, like } = (node ?? {}) as { readonly text?: unknown; readonly like?: unknown }
  if (typeof text === 'string') return nameOf(text)
  return Array.isArray(like) ? nameOf(`like ${like.join(', ')}`) : undefined
}
