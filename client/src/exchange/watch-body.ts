import { NotReachable } from '../errors.ts'

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

export interface SilenceOptions {
  readonly silenceMsMax: number
  /** Who is silent, and what the caller can set, for the message. */
  readonly origin: string
  readonly timeoutName: string
  /** Of the caller: ends the exchange as well. */
  readonly signal?: AbortSignal | undefined
}

/** Ends an exchange in which nothing moves, in either direction, for too long. */
export class SilenceLimit {
  readonly signal: AbortSignal
  readonly #controller = new AbortController()
  readonly #options: SilenceOptions
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: SilenceOptions) {
    this.#options = options
    const own = this.#controller.signal
    this.signal = options.signal === undefined ? own : AbortSignal.any([own, options.signal])
    this.#start()
  }

  async *watch<Chunk>(chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
    for await (const chunk of chunks) {
      this.end()
      this.#start()
      yield chunk
    }
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  #start(): void {
    const { silenceMsMax, origin, timeoutName } = this.#options
    const message = `${origin} gave no sign of life for ${silenceMsMax} ms; ask for a longer ${timeoutName}`
    this.#timer = setTimeout(() => {
      this.#controller.abort(new NotReachable('deadline_exceeded', message))
    }, silenceMsMax)
  }
}
