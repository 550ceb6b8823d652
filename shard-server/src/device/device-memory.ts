import { byLabel, HypershardError } from '@hypershard/common'

/** What becomes of a segment that does not fit: the CPU scores it, or it is refused. */
export type WhenFull = 'cpu' | 'refuse'

/** Which segments lie on a device, counted before a byte goes there. */
export class DeviceMemory {
  readonly #options: { readonly bytesMax: number; readonly whenFull: WhenFull }
  /** Bytes by key; 0 for those that the CPU scores. */
  readonly #segments = new Map<string, number>()
  #bytes = 0

  constructor(options: { readonly bytesMax: number; readonly whenFull: WhenFull }) {
    this.#options = options
  }

  get bytesMax(): number {
    return this.#options.bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /**
   * @returns whether there was room; without it the CPU scores the segment
   * @throws HypershardError `overloaded` where it is not to
   */
  take(key: string, bytes: number): boolean {
    const { bytesMax, whenFull } = this.#options
    const fits = this.#bytes + bytes <= bytesMax
    if (!fits && whenFull === 'refuse') {
      const message =
        `a segment needs ${bytes} bytes of the device beside ${this.#bytes} held, more than its ${bytesMax}; add shard ` +
        'servers, raise HYPERSHARD_SHARD_DEVICE_MEMORY_BYTES, or set HYPERSHARD_SHARD_DEVICE_FULL to cpu'
      throw new HypershardError('overloaded', message, { details: { noRoom: true } })
    }
    this.#segments.set(key, fits ? bytes : 0)
    if (fits) this.#bytes += bytes
    return fits
  }

  isOnDevice(key: string): boolean {
    return (this.#segments.get(key) ?? 0) > 0
  }

  leaveToCpu(key: string): void {
    this.#bytes -= this.#segments.get(key) ?? 0
    this.#segments.set(key, 0)
  }

  /** @returns whether it was on the device */
  giveBack(key: string): boolean {
    const wasThere = this.isOnDevice(key)
    this.leaveToCpu(key)
    this.#segments.delete(key)
    return wasThere
  }

  places() {
    const onDevice = [...this.#segments.values()].filter(bytes => bytes > 0).length
    return byLabel<'place'>('place', { device: onDevice, cpu: this.#segments.size - onDevice })
  }
}
