import type { RequestContext } from '@hypershard/common'
import type { QueryNode } from '@hypershard/proto/shard'
import { encodeOwnQuery, type ScoredBy } from '../../vectors/own-query.ts'
import type { EncodedQueryAndOrigin, EncodedTextAndOrigin, QueryEncoder, QueryText } from '../query-encoder.ts'
import type { SearchInput } from '../search-input.ts'
import { type ComposedSearch, type ExpressionNode, naming } from './read-expression.ts'

/**
 * All leaves at once, so that one call encodes the texts that nobody has encoded yet.
 * @param others texts to encode by the same call, those of the leaves and of others of a batch of searches
 * @param scored what leaves that are no texts must fit; undefined where there are none
 * @throws HypershardError as `QueryEncoder.encode` and `encodeOwnQuery`, with the leaf's place
 */
export async function encodeComposed(
  { leaves, root }: ComposedSearch,
  how: Omit<QueryText, 'text'> & { readonly scored: ScoredBy | undefined; readonly others: readonly string[] },
  context: RequestContext,
  encoder: Pick<QueryEncoder, 'encode'>,
): Promise<EncodedQueryAndOrigin> {
  const { scored, others, ...encoding } = how
  const encoded = await Promise.all(
    leaves.map(async ({ path, text, own }) =>
      own === undefined
        ? encoder.encode({ ...encoding, text: text! }, context, others)
        : naming(path, () => encodeOwnQuery(own, scored!)),
    ),
  )
  const sum = (count: (one: EncodedTextAndOrigin) => number) => encoded.reduce((total, one) => total + count(one), 0)
  return {
    payload: { leaves: encoded.map(({ payload }) => payload), root: messageOf(root) },
    truncated: encoded.some(({ truncated }) => truncated),
    tokens: sum(({ tokens }) => tokens),
    unknownTokens: sum(({ unknownTokens }) => unknownTokens),
    cached: encoded.every(({ cached }) => cached),
  }
}

/** Those that a search has encoded; none where its query needs no encoding. */
export function textsOf({ query, composed }: Pick<SearchInput, 'query' | 'composed'>): string[] {
  if (composed === undefined) return query === '' ? [] : [query]
  return composed.leaves.flatMap(({ text }) => text ?? [])
}

function messageOf(node: ExpressionNode): QueryNode {
  const { weight } = node
  switch (node.kind) {
    case 'leaf':
      return { weight, kind: { $case: 'leaf', value: node.leaf } }
    case 'not':
      return { weight, kind: { $case: 'not', value: messageOf(node.node) } }
    default:
      return { weight, kind: { $case: node.kind, value: { nodes: node.nodes.map(messageOf) } } }
  }
}
