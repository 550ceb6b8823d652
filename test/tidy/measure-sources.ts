import { dirname, join, normalize } from 'node:path'
import type { SourceFile } from './source-files.ts'

/** A function as long as its lines, from the one it begins in to the one it ends in. */
export interface MeasuredFunction {
  readonly path: string
  /** From 1. */
  readonly line: number
  readonly lines: number
}

const functionStart = /^( {0,2})(?:export |async |static |private |const \w+ = )*(?:function\*? |get |[\w#]+\().*\{$/

/** Top-level functions and methods, told by their indentation: Biome formats every file alike. */
export function measureFunctions({ path, text }: SourceFile): MeasuredFunction[] {
  const lines = text.split('\n')
  const found: MeasuredFunction[] = []
  for (const [start, line] of lines.entries()) {
    const opening = functionStart.exec(line)
    if (opening === null || /^\s*(if|for|while|switch|describe|it)\b/.test(line)) continue
    const end = lines.findIndex((candidate, index) => index > start && candidate.startsWith(`${opening[1]}}`))
    if (end > start) found.push({ path, line: start + 1, lines: end - start + 1 })
  }
  return found
}

/**
 * Groups of files that import each other in a circle, each with its paths in order; none in a tree that can be read
 * from the bottom up.
 */
export function findCircles(files: readonly SourceFile[]): string[][] {
  const paths = new Set(files.map(({ path }) => path))
  const imports = new Map(
    files.map(({ path, imports: names }) => [
      path,
      names
        .filter(name => name.startsWith('.'))
        .map(name => normalize(join(dirname(path), name)))
        .filter(target => paths.has(target)),
    ]),
  )
  return stronglyConnected(imports).filter(group => group.length > 1)
}

/** Tarjan (Depth-first search and linear graph algorithms, 1972). */
function stronglyConnected(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>()
  const open: string[] = []
  const groups: string[][] = []
  const visit = (node: string): number => {
    const place = order.size
    order.set(node, place)
    open.push(node)
    let low = place
    for (const next of edges.get(node) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next))
      else if (open.includes(next)) low = Math.min(low, order.get(next)!)
    }
    if (low === place) groups.push(open.splice(open.indexOf(node)).sort())
    return low
  }
  for (const node of edges.keys()) if (!order.has(node)) visit(node)
  return groups
}
