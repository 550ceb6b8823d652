/** Indexes of one job, so that others get their turn; and how soon after one job the next may come. */
const indexesMax = 5
const nextMs = 5_000

/** An index is not looked through more often than this. */
const everyMsMin = 60_000

/** An index in which something changed is looked through after this share of the time that files are kept. */
const changedShare = 0.1

/**
 * Which indexes to look through for files that nothing needs any more. Looking costs a dozen requests to the store, so
 * it is done soon where something changed, and elsewhere as rarely as files may become due: what was needed when it was
 * last looked at is kept for as long again.
 */
export class DueCollections {
  readonly #keepMs: number
  readonly #indexes = new Map<string, { lookedAtMs: number; changed: boolean }>()
  #takenAtMs: number
  #modelsAtMs: number

  /** @param keepMs how long files that nothing needs are kept */
  constructor(keepMs: number, nowMs: number) {
    this.#keepMs = keepMs
    this.#takenAtMs = nowMs
    this.#modelsAtMs = nowMs
  }

  /** Says which indexes there are; what a new one has in it is not known. */
  setIndexes(names: readonly string[], nowMs: number): void {
    const known = new Set(names)
    for (const name of this.#indexes.keys()) if (!known.has(name)) this.#indexes.delete(name)
    for (const name of names)
      if (!this.#indexes.has(name)) this.#indexes.set(name, { lookedAtMs: nowMs, changed: true })
  }

  noteChange(name: string): void {
    const index = this.#indexes.get(name)
    if (index !== undefined) index.changed = true
  }

  /** Whether stored models are to be looked through now, which counts as done: once in the time that files are kept. */
  takeModels(nowMs: number): boolean {
    if (nowMs - this.#modelsAtMs < Math.max(everyMsMin, this.#keepMs)) return false
    this.#modelsAtMs = nowMs
    return true
  }

  /** Those to be looked through now, which counts as done. */
  take(nowMs: number): string[] {
    if (nowMs - this.#takenAtMs < nextMs) return []
    const due = [...this.#indexes].filter(([, { lookedAtMs, changed }]) => {
      return nowMs - lookedAtMs >= Math.max(everyMsMin, this.#keepMs * (changed ? changedShare : 1))
    })
    if (due.length === 0) return []
    this.#takenAtMs = nowMs
    const taken = due.sort(([, a], [, b]) => a.lookedAtMs - b.lookedAtMs).slice(0, indexesMax)
    for (const [name] of taken) this.#indexes.set(name, { lookedAtMs: nowMs, changed: false })
    return taken.map(([name]) => name)
  }
}
