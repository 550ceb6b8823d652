import { QNet, TokenStates } from '@hypershard/proto/qnet'

/** What a shard server is sent of a query. */
export type QueryPayload = QNet | TokenStates

/** A payload as small as this is sent again rather than named by its digest. */
const smallBytes = 1_024

export function isTokenStates(payload: QueryPayload): payload is TokenStates {
  return 'states' in payload
}

export function payloadBytes(payload: QueryPayload): number {
  return isTokenStates(payload) ? payload.states.byteLength : payload.weights.byteLength
}

/** The fields of a request to a shard server. */
export function requestQuery(payload: QueryPayload): { qnet: QNet | undefined; tokenStates: TokenStates | undefined } {
  return isTokenStates(payload) ? { qnet: undefined, tokenStates: payload } : { qnet: payload, tokenStates: undefined }
}

/** The query by its digest alone, for a server that was given it before; undefined where that saves nothing. */
export function digestAlone(payload: QueryPayload): QNet | undefined {
  if (payloadBytes(payload) <= smallBytes) return undefined
  return QNet.fromPartial({ digest: payload.digest, modelDigest: payload.modelDigest })
}

/** On the wire, with everything that names it. */
export function encodedBytes(payload: QueryPayload): number {
  return isTokenStates(payload) ? TokenStates.encode(payload).finish().length : QNet.encode(payload).finish().length
}
