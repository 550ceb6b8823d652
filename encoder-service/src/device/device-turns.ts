import type { Lane } from '../encoding/lane.ts'

/** Places in the shared words. */
const taken = 0
const queriesWaiting = 1

/** How long documents and pairs step back at once for a query that waits, before they look again. */
const stepBackMs = 1

/** What all lanes' threads share. */
export function sharedTurns(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)
}

/**
 * One lane at a time has the device: onnxruntime's sessions of one device share what is not made for several threads. Where
 * several lanes wait, queries come first. Waiting blocks the thread, as a run does.
 */
export class DeviceTurns {
  readonly #words: Int32Array
  readonly #isQuery: boolean

  /** @param lane that takes turns here */
  constructor(shared: SharedArrayBuffer, lane: Lane) {
    this.#words = new Int32Array(shared)
    this.#isQuery = lane === 'query'
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#isQuery) this.#takeFirst()
    else this.#takeWhenNoQueryWaits()
    try {
      return await work()
    } finally {
      Atomics.store(this.#words, taken, 0)
      Atomics.notify(this.#words, taken)
    }
  }

  #takeFirst(): void {
    Atomics.add(this.#words, queriesWaiting, 1)
    while (!this.#take()) Atomics.wait(this.#words, taken, 1)
    Atomics.sub(this.#words, queriesWaiting, 1)
    Atomics.notify(this.#words, queriesWaiting)
  }

  #takeWhenNoQueryWaits(): void {
    for (;;) {
      const waiting = Atomics.load(this.#words, queriesWaiting)
      if (waiting > 0) Atomics.wait(this.#words, queriesWaiting, waiting, stepBackMs)
      else if (this.#take()) return
      else Atomics.wait(this.#words, taken, 1)
    }
  }

  #take(): boolean {
    return Atomics.compareExchange(this.#words, taken, 0, 1) === 0
  }
}
