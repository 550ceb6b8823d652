import { scoreOf } from '@hypershard/harness'
import type { QNet } from '@hypershard/proto/qnet'
import type { QueryNode, SearchShardsRequest, ShardHit } from '@hypershard/proto/shard'

type Scored = Pick<ShardHit, 'score' | 'composed'>

/** What a fake server scores documents with. Its leaves are taken as they are, `all` is the plain minimum. */
export function scorerOf({
  qnet,
  composed,
}: Pick<SearchShardsRequest, 'qnet' | 'composed'>): (vector: Float32Array) => Scored {
  if (composed === undefined) {
    const weights = weightsOf(qnet!)
    return vector => ({ score: scoreOf(weights, vector) })
  }
  const leaves = composed.leaves.map(leaf => weightsOf(leaf.qnet!))
  return vector => {
    const scores = leaves.map(weights => scoreOf(weights, vector))
    const { score, leaf } = evaluate(composed.root!, scores)
    return { score: Math.fround(score), composed: { scores, leaf } }
  }
}

function weightsOf({ weights }: QNet): Float32Array {
  return new Float32Array(weights.buffer, weights.byteOffset, weights.byteLength / 4)
}

function evaluate({ kind, weight }: QueryNode, scores: readonly number[]): { score: number; leaf: number } {
  switch (kind!.$case) {
    case 'leaf':
      return { score: weight * scores[kind!.value as number]!, leaf: kind!.value as number }
    case 'not': {
      const { score, leaf } = evaluate(kind!.value as QueryNode, scores)
      return { score: -weight * Math.max(0, score), leaf }
    }
    default: {
      const { nodes } = kind!.value as { nodes: QueryNode[] }
      const isNot = (node: QueryNode) => node.kind!.$case === 'not'
      const found = nodes.filter(node => !isNot(node)).map(node => evaluate(node, scores))
      found.sort((a, b) => (kind!.$case === 'any' ? b.score - a.score : a.score - b.score))
      const less = nodes.filter(isNot).reduce((sum, node) => sum + evaluate(node, scores).score, 0)
      return { score: weight * (found[0]!.score + less), leaf: found[0]!.leaf }
    }
  }
}
