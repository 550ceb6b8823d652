import { syncBuiltinESMExports } from 'node:module'
import { type Clock, install } from '@sinonjs/fake-timers'

/** Where the wall clock begins. */
const beginMs = Date.UTC(2026, 0, 1)

/** No history is longer: something goes round in a circle. */
const historyMsMax = 3_600_000

/** What is waited on and read; what runs between two moments, as setImmediate does, stays real. */
const faked = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] as const

/**
 * Time for a whole program: every timer and clock of this process, also those of `node:timers/promises` and those that a
 * flow was not given. It goes on to the next timer when nothing is left to do at a moment, so that minutes take
 * milliseconds and the same happens every time. Nothing may do real input or output meanwhile: time would overtake it.
 * Where a flow is given its clock, `VirtualClock` will do.
 */
export class VirtualTime {
  readonly #timers: Clock
  readonly #startMs: number

  private constructor(timers: Clock) {
    this.#timers = timers
    this.#startMs = timers.now
  }

  static install(): VirtualTime {
    const timers = install({ now: beginMs, toFake: [...faked], loopLimit: Number.MAX_SAFE_INTEGER })
    // Named imports of node:timers/promises follow.
    syncBuiltinESMExports()
    return new VirtualTime(timers)
  }

  /** Since the start. */
  get nowMs(): number {
    return this.#timers.now - this.#startMs
  }

  /** Lets time pass until the work is done. */
  async play<T>(work: Promise<T>): Promise<T> {
    let done = false
    const end = () => {
      done = true
    }
    work.then(end, end)
    for (;;) {
      // Everything that was woken comes to its next pause.
      await new Promise(resolve => setImmediate(resolve))
      if (done) return work
      if (this.#timers.countTimers() === 0) throw new Error(`nothing happens any more after ${this.nowMs} ms`)
      if (this.nowMs > historyMsMax) throw new Error(`the work is not done after ${this.nowMs} ms`)
      this.#timers.next()
    }
  }

  uninstall(): void {
    this.#timers.uninstall()
    syncBuiltinESMExports()
  }
}
