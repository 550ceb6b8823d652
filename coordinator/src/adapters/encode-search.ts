/**
 * `SearchShardsRequest` as bytes, with the query's own copied once. The generated writer copies them four times more (it grows,
 * moves them behind their length, cuts its buffer, and that is copied into a Buffer), for every server that they go to.
 */
import { QNet, TokenStates } from '@hypershard/proto/qnet'
import { ComposedQuery, SearchShardsRequest } from '@hypershard/proto/shard'

/** Field numbers of shard.proto and qnet.proto. */
const qnetField = 3
const tokenStatesField = 13
const composedField = 50
const leafField = 1
const leafQNetField = 1
const leafStatesField = 2
const weightsField = 5
const statesField = 4

const nothing = Buffer.alloc(0)

/** Fields of a message may come in any order, so that the large one comes last. */
export function encodeSearch({ qnet, tokenStates, composed, ...others }: SearchShardsRequest): Buffer {
  const parts: Uint8Array[] = [
    SearchShardsRequest.encode({ ...others, qnet: undefined, tokenStates: undefined }).finish(),
    ...queryParts({ qnet, tokenStates }, qnetField, tokenStatesField),
  ]
  if (composed !== undefined) {
    const leaves = composed.leaves.flatMap(leaf => message(leafField, queryParts(leaf, leafQNetField, leafStatesField)))
    const expression = ComposedQuery.encode({ leaves: [], root: composed.root }).finish()
    parts.push(...message(composedField, [expression, ...leaves]))
  }
  return Buffer.concat(parts)
}

function queryParts(
  { qnet, tokenStates }: Pick<SearchShardsRequest, 'qnet' | 'tokenStates'>,
  qnetPlace: number,
  tokenStatesPlace: number,
): Uint8Array[] {
  const parts: Uint8Array[] = []
  if (qnet !== undefined) {
    const named = QNet.encode({ ...qnet, weights: nothing }).finish()
    parts.push(...message(qnetPlace, [named, ...bytes(weightsField, qnet.weights)]))
  }
  if (tokenStates !== undefined) {
    const named = TokenStates.encode({ ...tokenStates, states: nothing }).finish()
    parts.push(...message(tokenStatesPlace, [named, ...bytes(statesField, tokenStates.states)]))
  }
  return parts
}

function message(field: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0)
  return [lengthDelimited(field, length), ...parts]
}

/** Proto3 leaves out what is empty. */
function bytes(field: number, value: Uint8Array): Uint8Array[] {
  return value.byteLength === 0 ? [] : message(field, [value])
}

/** The tag of a length-delimited field (wire type 2), and its length. */
function lengthDelimited(field: number, length: number): Uint8Array {
  return Uint8Array.from([...varint((field << 3) | 2), ...varint(length)])
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}
