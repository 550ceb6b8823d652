import type { Expression, OwnQNet } from '@hypershard/proto/search'

/** How the parts of a leaf are written that have no text. */
export interface LeafBodies {
  readonly vectorBodyOf: (vector: Uint8Array, precision: string) => unknown
  readonly qnetBodyOf: (qnet: OwnQNet) => unknown
}

/**
 * An expression as the HTTP body would have it, so that one check names what is wrong in both. A node of which nothing is
 * given is an empty object.
 */
export function expressionBodyOf(expression: Expression, bodies: LeafBodies): Record<string, unknown> {
  const { weight, node, vectorPrecision } = expression
  const content = node && { [node.$case]: contentOf(node, vectorPrecision, bodies) }
  return { ...(weight !== undefined && { weight }), ...content }
}

function contentOf(node: NonNullable<Expression['node']>, precision: string, bodies: LeafBodies): unknown {
  switch (node.$case) {
    case 'text':
      return node.value
    case 'vector':
      return bodies.vectorBodyOf(node.value, precision)
    case 'qnet':
      return bodies.qnetBodyOf(node.value)
    case 'like':
      return node.value.ids
    case 'not':
      return expressionBodyOf(node.value, bodies)
    default:
      return node.value.nodes.map(inner => expressionBodyOf(inner, bodies))
  }
}
