import { byLabel, type Meter, only, toHypershardError, unlabelled } from '@hypershard/common'
import type { Held, HeldSegment } from './held-segment.ts'
import { holdingMetrics } from './metrics.ts'

/** What a holder has. */
interface Holding {
  readonly segments: Iterable<Held>
  /** What the segments held and those being loaded take. */
  readonly heldBytes: number
}

/** Counts each load of a segment once, however it ends, and has read what is held. */
export class HoldingMeter {
  readonly #loads
  readonly #loadSeconds
  readonly #loadedBytes

  constructor(meter: Meter, holding: Holding, memoryBytesMax: number) {
    this.#loads = meter.counter(holdingMetrics.loads)
    this.#loadSeconds = meter.histogram(holdingMetrics.loadSeconds)
    this.#loadedBytes = meter.counter(holdingMetrics.loadedBytes)
    const loaded = () => [...holding.segments].flatMap(segment => segment.loaded ?? [])
    meter.read(holdingMetrics.segments, () => {
      const all = [...holding.segments].length
      return byLabel('state', { loaded: loaded().length, loading: all - loaded().length })
    })
    meter.read(holdingMetrics.heldBytes, () => only(loaded().reduce((sum, { bytes }) => sum + bytes, 0)))
    meter.read(holdingMetrics.admittedBytes, () => only(holding.heldBytes))
    meter.read(holdingMetrics.limitBytes, () => only(memoryBytesMax))
  }

  async measure(load: () => Promise<HeldSegment>): Promise<HeldSegment> {
    const startMs = performance.now()
    let outcome = 'loaded'
    try {
      const segment = await load()
      this.#loadedBytes.add(unlabelled, segment.bytes)
      return segment
    } catch (error) {
      outcome = toHypershardError(error).code
      throw error
    } finally {
      this.#loads.add({ outcome })
      this.#loadSeconds.observe(unlabelled, (performance.now() - startMs) / 1_000)
    }
  }
}
