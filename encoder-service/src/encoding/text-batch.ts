import { type InferenceSession, Tensor } from '@hypershard/qnet'

/** Token states of some texts as the encoder gave them: f32 [texts, longest, width], padding at each row's end. */
export interface TokenStatesBatch {
  readonly states: Float32Array
  readonly lengths: readonly number[]
  readonly longest: number
  readonly width: number
}

/** Any id of the vocabulary would do: the mask hides it. */
const paddingId = 0n

/**
 * The encoder's inputs for some texts: padded ids, and a mask with 1 for tokens.
 * @param longest that all are padded to
 */
export function padTexts(texts: readonly Int32Array[], longest: number): InferenceSession.OnnxValueMapType {
  const inputIds = new BigInt64Array(texts.length * longest).fill(paddingId)
  const mask = new BigInt64Array(texts.length * longest)
  for (const [row, ids] of texts.entries()) {
    const start = row * longest
    for (let token = 0; token < ids.length; token++) inputIds[start + token] = BigInt(ids[token]!)
    mask.fill(1n, start, start + ids.length)
  }
  const shape = [texts.length, longest]
  return { input_ids: new Tensor('int64', inputIds, shape), attention_mask: new Tensor('int64', mask, shape) }
}

/** One text's token states without its padding, [length, width]: a view, not a copy. */
export function statesOf(batch: TokenStatesBatch, row: number): Float32Array {
  const start = row * batch.longest * batch.width
  return batch.states.subarray(start, start + batch.lengths[row]! * batch.width)
}

/** The places of texts that have one length, together; the length that comes first is first. */
export function placesOfAlike(lengths: readonly number[]): number[][] {
  const places = new Map<number, number[]>()
  for (const [place, length] of lengths.entries()) {
    const alike = places.get(length)
    if (alike === undefined) places.set(length, [place])
    else alike.push(place)
  }
  return [...places.values()]
}
