/** One number in shared memory: what is known of the weights, 0 for nothing. */
export type WeightsCheck = Int32Array<SharedArrayBuffer>

/** Weights in memory that threads share. */
export interface SharedWeights {
  readonly bytes: Uint8Array<SharedArrayBuffer>
  /** A number that no other copy in this process has, not even one of the same bytes in the same memory. */
  readonly copy: number
  readonly check: WeightsCheck
}

type Piece = Pick<SharedWeights, 'bytes' | 'check'>

/** Of this process, not of one memory: scoring threads tell queries apart by it, whichever memory their weights lie in. */
let copies = 0

/** Memory kept for the next weights. */
const freeBytesMax = 64 * 1024 ** 2

/**
 * Shared memory for weights. Pieces that are given back are used again: a new one of 600 KB takes 1.6 ms, more than some
 * searches, and writing over an old one 0.04 ms. All weights of one architecture have one size.
 */
export class WeightsMemory {
  readonly #free = new Map<number, Piece[]>()
  #freeBytes = 0

  copy(weights: Uint8Array): SharedWeights {
    const taken = this.take(weights.byteLength)
    taken.bytes.set(weights)
    return taken
  }

  /** Memory that weights of this length are to be written into. */
  take(byteLength: number): SharedWeights {
    const { bytes, check } = this.#freePiece(byteLength) ?? newPiece(byteLength)
    check[0] = 0
    return { bytes, check, copy: ++copies }
  }

  /** Nobody may read them any more. */
  giveBack({ bytes, check }: SharedWeights): void {
    if (this.#freeBytes + bytes.byteLength > freeBytesMax) return
    const pieces = this.#free.get(bytes.byteLength)
    if (pieces === undefined) this.#free.set(bytes.byteLength, [{ bytes, check }])
    else pieces.push({ bytes, check })
    this.#freeBytes += bytes.byteLength
  }

  #freePiece(byteLength: number): Piece | undefined {
    const piece = this.#free.get(byteLength)?.pop()
    if (piece !== undefined) this.#freeBytes -= byteLength
    return piece
  }
}

function newPiece(byteLength: number): Piece {
  const check = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  return { bytes: new Uint8Array(new SharedArrayBuffer(byteLength)), check }
}
