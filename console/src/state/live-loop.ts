/** What a page shows that is loaded again and again. */
export interface LiveState<Value> {
  /** The newest that came; it stays while later ones cannot be had. */
  readonly value: Value | undefined
  /** Why the last one could not be had; undefined after one that came. */
  readonly error: unknown
  readonly loading: boolean
}

export interface LiveLoopOptions<Value> {
  readonly load: (signal: AbortSignal) => Promise<Value>
  readonly everyMs: number
  /** Told of each change. */
  readonly tell: (state: LiveState<Value>) => void
  /** @throws the signal's reason, or returns, once it is aborted */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Loads something, waits, and loads it again, one at a time; a failure ends nothing. */
export class LiveLoop<Value> {
  readonly #options: LiveLoopOptions<Value>
  #state: LiveState<Value> = { value: undefined, error: undefined, loading: true }
  #running: AbortController | undefined

  constructor(options: LiveLoopOptions<Value>) {
    this.#options = options
  }

  /** Loads at once, and after each pause; what is being loaded is given up. */
  start(): void {
    this.stop()
    this.#running = new AbortController()
    void this.#run(this.#running.signal)
  }

  stop(): void {
    this.#running?.abort()
    this.#running = undefined
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { load, pause, everyMs } = this.#options
    while (!signal.aborted) {
      this.#change(signal, { ...this.#state, loading: true })
      try {
        const value = await load(signal)
        this.#change(signal, { value, error: undefined, loading: false })
      } catch (error) {
        this.#change(signal, { ...this.#state, error, loading: false })
      }
      await pause(everyMs, signal).catch(() => undefined)
    }
  }

  #change(signal: AbortSignal, state: LiveState<Value>): void {
    if (signal.aborted) return
    this.#state = state
    this.#options.tell(state)
  }
}
