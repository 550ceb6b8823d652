import { byLabel, HypershardError } from '@hypershard/common'
import type { DeviceMemoryUse } from '../ports.ts'

/** What becomes of a segment that does not fit: the CPU scores it, or it is refused. */
export type WhenFull = 'cpu' | 'refuse'

/** A segment's vectors: what they take of the device, or would. */
interface Place {
  readonly bytes: number
  readonly onDevice: boolean
}

export interface DeviceMemoryOptions {
  readonly bytesMax: number
  readonly whenFull: WhenFull
  /** Of these, for what lies there beside segments: queries' weights. Counted as held from the start. */
  readonly setAsideBytes: number
}

/** Which segments lie on a device, counted before a byte goes there. */
export class DeviceMemory {
  readonly #options: DeviceMemoryOptions
  readonly #segments = new Map<string, Place>()
  #bytes: number

  constructor(options: DeviceMemoryOptions) {
    this.#options = options
    this.#bytes = options.setAsideBytes
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
    this.#segments.set(key, { bytes, onDevice: fits })
    if (fits) this.#bytes += bytes
    return fits
  }

  isOnDevice(key: string): boolean {
    return this.#segments.get(key)?.onDevice === true
  }

  leaveToCpu(key: string): void {
    const place = this.#segments.get(key)
    if (place === undefined) return
    if (place.onDevice) this.#bytes -= place.bytes
    this.#segments.set(key, { ...place, onDevice: false })
  }

  /** @returns whether it was on the device */
  giveBack(key: string): boolean {
    const wasThere = this.isOnDevice(key)
    this.leaveToCpu(key)
    this.#segments.delete(key)
    return wasThere
  }

  use(): DeviceMemoryUse {
    const onCpu = [...this.#segments.values()].filter(({ onDevice }) => !onDevice)
    return {
      limitBytes: this.bytesMax,
      heldBytes: this.#bytes,
      cpuSegments: onCpu.length,
      cpuBytes: onCpu.reduce((sum, { bytes }) => sum + bytes, 0),
    }
  }

  places() {
    const { cpuSegments } = this.use()
    return byLabel<'place'>('place', { device: this.#segments.size - cpuSegments, cpu: cpuSegments })
  }
}
