import { NotReachable } from './problem.ts'

/** Remembers what reading a source threw. */
export class WatchedSource {
  readonly #chunks: AsyncIterable<Uint8Array>
  failure: unknown

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#chunks
    } catch (error) {
      this.failure = error
      throw error
    }
  }
}

/** Ends an exchange in which nothing moves, in either direction, for too long. */
export class SilenceLimit {
  readonly #controller = new AbortController()
  readonly #timer: NodeJS.Timeout

  constructor(silenceMsMax: number, base: URL) {
    const message = `${base.origin} gave no sign of life for ${silenceMsMax} ms; ask for a longer --timeout`
    this.#timer = setTimeout(() => {
      this.#controller.abort(new NotReachable('deadline_exceeded', message))
    }, silenceMsMax)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  async *watch<Chunk>(chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
    for await (const chunk of chunks) {
      this.#timer.refresh()
      yield chunk
    }
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}
