/** The value of an expression, straight from its definition and in f64. */
import { type Expression, exclusionFrom, softness } from '../cpu/composed/expression.ts'

/** @param scores of one document, by leaf, made comparable */
export function naiveValue(node: Expression, scores: readonly number[]): number {
  return node.weight * unweighted(node, scores)
}

function unweighted(node: Expression, scores: readonly number[]): number {
  if (node.kind === 'leaf') return scores[node.leaf]!
  const taken = node.excluded.map(({ weight, node: excluded }) => {
    const value = naiveValue(excluded, scores)
    return value > exclusionFrom ? weight * (value - exclusionFrom) : 0
  })
  const found = node.kind === 'any' ? best(node.nodes, scores) : nearlyWorst(node.nodes, scores)
  return found - taken.reduce((sum, penalty) => sum + penalty, 0)
}

function best(nodes: readonly Expression[], scores: readonly number[]): number {
  return Math.max(...nodes.map(node => naiveValue(node, scores)))
}

function nearlyWorst(nodes: readonly Expression[], scores: readonly number[]): number {
  const whole = nodes.reduce((sum, { weight }) => sum + weight, 0)
  const shares = nodes.map(node => (node.weight / whole) * Math.exp(-unweighted(node, scores) / softness))
  return -softness * Math.log(shares.reduce((sum, share) => sum + share, 0))
}
