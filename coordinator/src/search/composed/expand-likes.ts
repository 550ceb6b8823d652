import { HypershardError } from '@hypershard/common'
import { leavesMax } from '@hypershard/contract'
import type { OwnQuery } from '../../vectors/own-query.ts'
import type { Like, SearchInput } from '../search-input.ts'
import { type ComposedSearch, type ExpressionNode, isPlain, type Leaf } from './read-expression.ts'

/** What stands for some documents: one vector, or their texts. */
export type Liked = { readonly own: OwnQuery } | { readonly texts: readonly string[] }

/** @param pathOf of each id, for messages */
type ReadLiked = (ids: readonly string[], within: Like['within'], pathOf: (at: number) => string) => Promise<Liked>

/**
 * The same expression, with what stands for its documents: a leaf that is like some is their vector, or their text, or an
 * `any` of their texts. One leaf without a weight is its own search again.
 * @throws HypershardError what reading documents throws, and `invalid_request` for more leaves than an expression may have
 */
export async function expandLikes(
  composed: ComposedSearch,
  read: ReadLiked,
): Promise<Partial<Pick<SearchInput, 'query' | 'own' | 'composed'>>> {
  const { leaves: given, root, within } = composed
  const found = await Promise.all(
    given.map(({ like, path }) => like && read(like, within, at => `query.${likePath(path)}[${at}]`)),
  )
  const leaves: Leaf[] = []
  const add = (leaf: Leaf) => leaves.push(leaf) - 1
  const expand = (node: ExpressionNode): ExpressionNode => {
    if (node.kind === 'not') return { ...node, node: expand(node.node) }
    if (node.kind !== 'leaf') return { ...node, nodes: node.nodes.map(expand) }
    const leaf = given[node.leaf]!
    const liked = found[node.leaf]
    if (liked === undefined) return { ...node, leaf: add(leaf) }
    const { path } = leaf
    if ('own' in liked) return { ...node, leaf: add({ path, own: liked.own }) }
    const { texts } = liked
    if (texts.length === 1) return { ...node, leaf: add({ path, text: texts[0]! }) }
    const nodes = texts.map((text, at) => {
      return { kind: 'leaf' as const, weight: 1, leaf: add({ path: `${likePath(path)}[${at}]`, text }) }
    })
    return { kind: 'any', weight: node.weight, nodes }
  }
  const expanded = expand(root)
  const [first] = leaves
  if (leaves.length === 1 && isPlain(expanded)) {
    return { composed: undefined, ...(first!.own === undefined ? { query: first!.text! } : { own: first!.own }) }
  }
  if (leaves.length <= leavesMax) return { composed: { ...composed, leaves, root: expanded } }
  const message = `query: each document of \`like\` is a leaf of its own here, and ${leaves.length} are over ${leavesMax}; name fewer`
  throw new HypershardError('invalid_request', message, { details: { path: 'query' } })
}

function likePath(path: string): string {
  return path === '' ? 'like' : `${path}.like`
}
