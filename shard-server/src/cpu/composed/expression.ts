/**
 * What a composed query makes of its leaves' scores. All values are f32 and computed in one order, so that a document has
 * the same bits on every server. Decision 039 tells where the two numbers here come from.
 */

/** The least score, in deviations above the mean, that counts as matching what is excluded. */
export const exclusionFrom = 4
/** How far `all` lets a better node make up for a worse one, in deviations: near 0 it is the plain minimum. */
export const softness = 1.5

export type Expression =
  | { readonly kind: 'leaf'; readonly weight: number; readonly leaf: number }
  | {
      readonly kind: 'any' | 'all'
      readonly weight: number
      /** One at least. */
      readonly nodes: readonly Expression[]
      readonly excluded: readonly { readonly weight: number; readonly node: Expression }[]
    }

type Composite = Extract<Expression, { kind: 'any' | 'all' }>

/**
 * The scores of some documents; NaN where any leaf's is.
 * @param scores by leaf, f32 [documents], each made comparable
 */
export function evaluate(node: Expression, scores: readonly Float32Array[]): Float32Array {
  const values = valuesOf(node, scores)
  return node.weight === 1 ? values : values.map(value => node.weight * value)
}

/** The leaf that gives one document its place: the best of `any`, and of `all` the one that holds it back most. */
export function decidingLeaf(node: Expression, scores: readonly Float32Array[]): number {
  if (node.kind === 'leaf') return node.leaf
  const says = node.nodes.map(inner =>
    node.kind === 'any' ? evaluate(inner, scores)[0]! : Math.log(inner.weight) - valuesOf(inner, scores)[0]! / softness,
  )
  const most = says.reduce((best, say, at) => (say > says[best]! ? at : best), 0)
  return decidingLeaf(node.nodes[most]!, scores)
}

/** The same without what is excluded: no document has more, whatever it scores there. */
export function ceilingOf(node: Expression): Expression {
  return node.kind === 'leaf' ? node : { ...node, nodes: node.nodes.map(ceilingOf), excluded: [] }
}

/** Those that are not excluded: whatever ranks high does so by one of them. */
export function leadingLeaves(node: Expression): number[] {
  return node.kind === 'leaf' ? [node.leaf] : node.nodes.flatMap(leadingLeaves)
}

/** Whether the best are among the best of the leaves, each alone. */
export function isUnion(node: Expression): boolean {
  if (node.kind === 'leaf') return true
  return (node.kind === 'any' || node.nodes.length === 1) && node.excluded.length === 0 && node.nodes.every(isUnion)
}

function valuesOf(node: Expression, scores: readonly Float32Array[]): Float32Array {
  if (node.kind === 'leaf') return scores[node.leaf]!
  const values = node.kind === 'any' ? best(node, scores) : nearlyWorst(node, scores)
  for (const { weight, node: excluded } of node.excluded) exclude(values, evaluate(excluded, scores), weight)
  return values
}

function best({ nodes }: Composite, scores: readonly Float32Array[]): Float32Array {
  const [first, ...others] = nodes.map(node => evaluate(node, scores))
  const values = first!.slice()
  for (const other of others) {
    for (let at = 0; at < values.length; at++) values[at] = Math.max(values[at]!, other[at]!)
  }
  return values
}

/** -t ln(sum w exp(-v/t) / sum w), t the softness: between the least value and their mean. A node's weight is its say. */
function nearlyWorst({ nodes }: Composite, scores: readonly Float32Array[]): Float32Array {
  const parts = nodes.map(node => ({ weight: node.weight, values: valuesOf(node, scores) }))
  const whole = parts.reduce((sum, { weight }) => sum + weight, 0)
  const result = parts[0]!.values.slice()
  for (let at = 0; at < result.length; at++) {
    let least = Number.POSITIVE_INFINITY
    for (const { values } of parts) least = Math.min(least, values[at]!)
    let sum = 0
    for (const { weight, values } of parts) sum += weight * Math.exp((least - values[at]!) / softness)
    result[at] = least - softness * Math.log(sum / whole)
  }
  return result
}

function exclude(values: Float32Array, excluded: Float32Array, weight: number): void {
  for (let at = 0; at < values.length; at++)
    values[at] = values[at]! - Math.fround(weight * Math.max(0, excluded[at]! - exclusionFrom))
}
