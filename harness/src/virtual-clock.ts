import { setImmediate } from 'node:timers/promises'
import type { Clock } from '@hypershard/common'

interface Pause {
  readonly endMs: number
  readonly end: () => void
}

/** Turns of the event loop that what was woken may take until it pauses again. */
const turnsMax = 20_000

/** A clock that goes on only when it is told to. Pauses on it end in their order, however long they are. */
export class VirtualClock implements Clock {
  #nowMs = 0
  readonly #pauses = new Set<Pause>()

  now(): number {
    return Date.UTC(2026, 0, 1) + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  pause(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (how: () => void) => {
        this.#pauses.delete(pause)
        signal?.removeEventListener('abort', cancel)
        how()
      }
      const cancel = () => settle(() => reject(signal?.reason))
      const pause = { endMs: this.#nowMs + ms, end: () => settle(resolve) }
      this.#pauses.add(pause)
      signal?.addEventListener('abort', cancel, { once: true })
      if (signal?.aborted) cancel()
    })
  }

  /** Lets time pass. Each pause that ends meanwhile ends at its time, and as many must begin again before time goes on. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await this.#settled(1)
    for (;;) {
      const next = [...this.#pauses].sort((a, b) => a.endMs - b.endMs)[0]
      if (next === undefined || next.endMs > untilMs) break
      const pausing = this.#pauses.size
      this.#nowMs = next.endMs
      next.end()
      await this.#settled(pausing)
    }
    this.#nowMs = untilMs
  }

  /** Lets time pass, from pause to pause, until the work is done. Nothing in it may wait for anything but this clock. */
  async play<T>(work: Promise<T>): Promise<T> {
    let done = false
    const end = () => {
      done = true
    }
    work.then(end, end)
    for (;;) {
      await setImmediate()
      if (done) return work
      const next = [...this.#pauses].sort((a, b) => a.endMs - b.endMs)[0]
      if (next === undefined) throw new Error(`nothing happens any more after ${this.#nowMs} ms`)
      this.#nowMs = Math.max(this.#nowMs, next.endMs)
      next.end()
    }
  }

  /** Returns once so many pauses are under way. */
  async #settled(pauses: number): Promise<void> {
    for (let turn = 0; this.#pauses.size < pauses; turn++) {
      if (turn === turnsMax) throw new Error(`${this.#pauses.size} of ${pauses} pauses begin again`)
      await setImmediate()
    }
  }
}
