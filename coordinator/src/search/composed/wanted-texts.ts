import type { ComposedSearch, ExpressionNode } from './read-expression.ts'

interface Asked {
  /** Empty where an expression stands instead. */
  readonly query: string
  readonly composed?: ComposedSearch | undefined
}

/** The texts that a search wants hits to be about, as the request has them: without those inside of `not`, and without documents. */
export function wantedTexts({ query, composed }: Asked): string[] {
  if (composed === undefined) return query === '' ? [] : [query]
  return leavesWanted(composed.root).flatMap(leaf => composed.leaves[leaf]!.text ?? [])
}

function leavesWanted(node: ExpressionNode): number[] {
  if (node.kind === 'not') return []
  return node.kind === 'leaf' ? [node.leaf] : node.nodes.flatMap(leavesWanted)
}
