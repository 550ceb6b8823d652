/** Room for queries' weights on a device, set aside before any vectors go there. */
export class WeightsRoom {
  readonly bytesMax: number
  #bytes = 0

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @returns what gives the room back, once; undefined where there is none, so that the weights go in with each run */
  take(bytes: number): (() => void) | undefined {
    if (this.#bytes + bytes > this.bytesMax) return undefined
    this.#bytes += bytes
    let isTaken = true
    return () => {
      if (isTaken) this.#bytes -= bytes
      isTaken = false
    }
  }
}

/** Some q-nets of six layers of width 768, at 14 MB each. */
const roomMax = 64 * 1024 ** 2
const roomShare = 1 / 8

/** What is set aside of a device's memory for weights that lie there, as they do with webgpu. */
export function roomForWeights(provider: string, memoryBytesMax: number): number {
  return provider === 'webgpu' ? Math.min(roomMax, Math.floor(memoryBytesMax * roomShare)) : 0
}
