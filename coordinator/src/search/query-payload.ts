import { QNet, TokenStates } from '@hypershard/proto/qnet'
import type { ComposedLeaf, QueryNode, SearchShardsRequest } from '@hypershard/proto/shard'

/** What a shard server is sent of a query of one q-net, or of each of a composed one. */
export type LeafPayload = QNet | TokenStates

export interface ComposedPayload {
  readonly leaves: readonly LeafPayload[]
  readonly root: QueryNode
}

/** What a shard server is sent of a query. */
export type QueryPayload = LeafPayload | ComposedPayload

/** The fields of a request to a shard server. */
export type QueryFields = Pick<SearchShardsRequest, 'qnet' | 'tokenStates' | 'composed'>

/** A payload as small as this is sent again rather than named by its digest. */
const smallBytes = 1_024

export function isComposed(payload: QueryPayload): payload is ComposedPayload {
  return 'leaves' in payload
}

/** One, unless it is composed. */
export function leavesOf(payload: QueryPayload): readonly LeafPayload[] {
  return isComposed(payload) ? payload.leaves : [payload]
}

/** Whether a shard server makes a q-net for it, or several. */
export function isTokenStates(payload: QueryPayload): boolean {
  return leavesOf(payload).some(leaf => 'states' in leaf)
}

export function payloadBytes(payload: QueryPayload): number {
  return leavesOf(payload).reduce((sum, leaf) => sum + leafBytes(leaf), 0)
}

/**
 * The query as it is sent.
 * @param isKnown whether the server was given one of this digest before: such a one goes as its digest alone
 * @returns also how many bytes that are, and which leaves went by their digests
 */
export function requestQuery(
  payload: QueryPayload,
  isKnown: (digest: string) => boolean,
): { readonly fields: QueryFields; readonly bytes: number; readonly named: readonly string[] } {
  const sent = leavesOf(payload).map(leaf => {
    const name = digestAlone(leaf)
    return name !== undefined && isKnown(leaf.digest) ? { leaf: name, isName: true } : { leaf, isName: false }
  })
  const bytes = sent.reduce((sum, { leaf, isName }) => sum + (isName ? encodedBytes(leaf) : leafBytes(leaf)), 0)
  const named = sent.flatMap(({ leaf, isName }) => (isName ? leaf.digest : []))
  const parts = sent.map(({ leaf }) => fieldsOf(leaf))
  if (!isComposed(payload)) return { fields: parts[0]!, bytes, named }
  const composed = { leaves: parts, root: payload.root }
  return { fields: { qnet: undefined, tokenStates: undefined, composed }, bytes, named }
}

/** Those that a server which has them is not sent again. */
export function namesOf(payload: QueryPayload): string[] {
  return leavesOf(payload).flatMap(leaf => (digestAlone(leaf) === undefined ? [] : leaf.digest))
}

function fieldsOf(leaf: LeafPayload): ComposedLeaf {
  return 'states' in leaf ? { qnet: undefined, tokenStates: leaf } : { qnet: leaf, tokenStates: undefined }
}

/** The query by its digest alone, for a server that was given it before; undefined where that saves nothing. */
function digestAlone(leaf: LeafPayload): QNet | undefined {
  if (leafBytes(leaf) <= smallBytes) return undefined
  return QNet.fromPartial({ digest: leaf.digest, modelDigest: leaf.modelDigest })
}

function leafBytes(leaf: LeafPayload): number {
  return 'states' in leaf ? leaf.states.byteLength : leaf.weights.byteLength
}

/** On the wire, with everything that names it. */
function encodedBytes(leaf: LeafPayload): number {
  return 'states' in leaf ? TokenStates.encode(leaf).finish().length : QNet.encode(leaf).finish().length
}
