/** What became of requests, told apart by whether they belong to the measured time. */
export class Tally {
  readonly #window: { readonly fromMs: number; readonly toMs: number }
  readonly #latenciesMs: number[] = []
  readonly #errors = new Map<string, number>()
  #completed = 0

  constructor(window: { readonly fromMs: number; readonly toMs: number }) {
    this.#window = window
  }

  /**
   * @param intendedMs when it was, or should have been, sent: that decides whether its latency counts
   * @param doneMs when it was answered: that decides whether it counts for the rate
   * @param error undefined for a good answer
   */
  add({ intendedMs, doneMs, error }: { intendedMs: number; doneMs: number; error: string | undefined }): void {
    const within = (ms: number) => ms >= this.#window.fromMs && ms < this.#window.toMs
    if (error === undefined && within(doneMs)) this.#completed++
    if (!within(intendedMs)) return
    if (error === undefined) this.#latenciesMs.push(doneMs - intendedMs)
    else this.#errors.set(error, (this.#errors.get(error) ?? 0) + 1)
  }

  get completed(): number {
    return this.#completed
  }

  get latenciesMs(): Float64Array {
    return Float64Array.from(this.#latenciesMs)
  }

  get errors(): Record<string, number> {
    return Object.fromEntries(this.#errors)
  }
}
