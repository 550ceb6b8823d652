import { HypershardError } from '@hypershard/common'
import { expressionDepthMax, leavesMax, nodeWeightMax } from '@hypershard/proto/limits'
import type { ComposedQuery, QueryNode } from '@hypershard/proto/shard'
import type { Expression } from '../cpu/composed/expression.ts'

/** What is like several documents may be an `any` of them. */
const depthMax = expressionDepthMax + 1

/**
 * The expression over the leaves of a request.
 * @throws HypershardError `invalid_request` for one that nobody can score
 */
export function readComposed({ leaves, root }: Pick<ComposedQuery, 'leaves' | 'root'>): Expression {
  if (leaves.length < 1 || leaves.length > leavesMax)
    throw invalid(`it must have 1 to ${leavesMax} leaves, not ${leaves.length}`)
  const seen = new Set<number>()
  const expression = nodeOf(root, { leaves: leaves.length, seen, depth: 1 })
  if (seen.size < leaves.length) throw invalid('it has leaves that no node names')
  return expression
}

interface Place {
  readonly leaves: number
  readonly seen: Set<number>
  readonly depth: number
}

function nodeOf(node: QueryNode | undefined, place: Place): Expression {
  if (node?.kind === undefined) throw invalid('a node is of no known kind')
  if (place.depth > depthMax) throw invalid(`its nodes stand more than ${depthMax} deep`)
  const { kind } = node
  const weight = weightOf(node)
  switch (kind.$case) {
    case 'leaf':
      if (kind.value >= place.leaves || place.seen.has(kind.value)) throw invalid(`no leaf ${kind.value} is left`)
      place.seen.add(kind.value)
      return { kind: 'leaf', weight, leaf: kind.value }
    case 'not':
      throw invalid('`not` stands inside of `any` or `all`, beside a node that is none')
    default:
      return { ...compositeOf(kind.$case, kind.value.nodes, { ...place, depth: place.depth + 1 }), weight }
  }
}

function compositeOf(kind: 'any' | 'all', given: readonly QueryNode[], place: Place) {
  const nodes: Expression[] = []
  const excluded: { weight: number; node: Expression }[] = []
  for (const node of given) {
    if (node.kind?.$case !== 'not') nodes.push(nodeOf(node, place))
    else {
      const inner = nodeOf(node.kind.value, { ...place, depth: place.depth + 1 })
      excluded.push({ weight: weightOf(node), node: inner })
    }
  }
  if (nodes.length === 0) throw invalid(`\`${kind}\` has no node that is not excluded`)
  return { kind, nodes, excluded }
}

/** NaN is refused too. */
function weightOf({ weight }: QueryNode): number {
  // What is given as 1/1000 is a little less as f32.
  if (weight >= Math.fround(1 / nodeWeightMax) && weight <= nodeWeightMax) return weight
  throw invalid(`a weight must be 1/${nodeWeightMax} to ${nodeWeightMax}, not ${weight}`)
}

function invalid(message: string): HypershardError {
  return new HypershardError('invalid_request', `composed query: ${message}`)
}
