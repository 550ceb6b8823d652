/**
 * Token states as they travel: f32 where that is at most 64 KB, and beyond 16-bit integers with one f32 scale for every 32
 * values of a token, 2.125 bytes a value. The encoder rounds the states to what their form can say before it makes weights of
 * them, so that whoever makes the weights, the encoder or a shard server, makes the same. docs/formats/token-states.md has the
 * byte table.
 */
import { createHash } from 'node:crypto'
import { HypershardError } from '@hypershard/common'

/** Up to this many values travel as plain f32. */
const exactValuesMax = 16_384
/** Values that share a scale; the last of a token may be fewer. A state that stands out then coarsens no more than these. */
const blockValues = 32
const integerMax = 32_767

export interface TokenStatesShape {
  readonly tokens: number
  readonly width: number
}

/** Length of the encoded form. */
export function tokenStatesBytes({ tokens, width }: TokenStatesShape): number {
  if (isExact({ tokens, width })) return tokens * width * Float32Array.BYTES_PER_ELEMENT
  return integersBytes(tokens * width) + tokens * blocksOf(width) * Float32Array.BYTES_PER_ELEMENT
}

/**
 * @param states f32, row-major [tokens, width], all finite
 * @example
 * ```ts
 * const bytes = encodeTokenStates(states, 384)
 * const rounded = decodeTokenStates(bytes, { tokens: states.length / 384, width: 384 })
 * ```
 */
export function encodeTokenStates(states: Float32Array, width: number): Uint8Array<ArrayBuffer> {
  const tokens = states.length / width
  if (isExact({ tokens, width })) return new Uint8Array(Float32Array.from(states).buffer)
  const bytes = new Uint8Array(tokenStatesBytes({ tokens, width }))
  const { integers, scales } = viewsOf(bytes, { tokens, width })
  let block = 0
  for (let start = 0; start < states.length; start += width) {
    for (let from = start; from < start + width; from += blockValues) {
      const values = states.subarray(from, Math.min(from + blockValues, start + width))
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      const scale = Math.fround(largest / integerMax)
      scales[block++] = scale
      for (const [at, value] of values.entries()) {
        const integer = scale === 0 ? 0 : Math.round(value / scale)
        integers[from + at] = Math.max(-integerMax, Math.min(integerMax, integer))
      }
    }
  }
  return bytes
}

/**
 * @returns f32, row-major [tokens, width]
 * @throws HypershardError `invalid_request` for bytes of another length, and values or scales that cannot be meant
 */
export function decodeTokenStates(bytes: Uint8Array, shape: TokenStatesShape): Float32Array<ArrayBuffer> {
  const { tokens, width } = shape
  const expected = tokenStatesBytes(shape)
  if (tokens < 1 || width < 1 || bytes.byteLength !== expected) {
    const message = `token states: ${bytes.byteLength} bytes of ${tokens} tokens of width ${width} where ${expected} belong`
    throw new HypershardError('invalid_request', message)
  }
  // Views need an aligned start.
  const aligned = Uint8Array.from(bytes)
  if (isExact(shape)) {
    const states = new Float32Array(aligned.buffer)
    if (states.every(Number.isFinite)) return states
    throw new HypershardError('invalid_request', 'token states: a value is not finite')
  }
  const { integers, scales } = viewsOf(aligned, shape)
  if (!scales.every(scale => Number.isFinite(scale) && scale >= 0)) {
    throw new HypershardError('invalid_request', 'token states: a scale is negative or not finite')
  }
  const states = new Float32Array(tokens * width)
  const blocks = blocksOf(width)
  for (let at = 0; at < states.length; at++) {
    const token = Math.floor(at / width)
    states[at] = integers[at]! * scales[token * blocks + Math.floor((at - token * width) / blockValues)]!
  }
  return states
}

/** What remains of states once they have been encoded and decoded. */
export function roundTokenStates(states: Float32Array, width: number): Float32Array<ArrayBuffer> {
  return decodeTokenStates(encodeTokenStates(states, width), { tokens: states.length / width, width })
}

/** The content address of a query in this form: SHA-256 (hex) over its model, shape and bytes. */
export function tokenStatesDigest(modelDigest: string, { tokens, width }: TokenStatesShape, bytes: Uint8Array): string {
  return createHash('sha256').update(`token states\n${modelDigest}\n${tokens}\n${width}\n`).update(bytes).digest('hex')
}

function isExact({ tokens, width }: TokenStatesShape): boolean {
  return tokens * width <= exactValuesMax
}

function viewsOf({ buffer }: Uint8Array<ArrayBuffer>, { tokens, width }: TokenStatesShape) {
  return {
    integers: new Int16Array(buffer, 0, tokens * width),
    scales: new Float32Array(buffer, integersBytes(tokens * width), tokens * blocksOf(width)),
  }
}

function blocksOf(width: number): number {
  return Math.ceil(width / blockValues)
}

/** Padded, so that the scales are aligned. */
function integersBytes(values: number): number {
  return (2 * values + 3) & ~3
}
