import assert from 'node:assert/strict'

/** What a client was told about one id, in order. Each id has one client, which waits for every answer. */
interface KnownDocument {
  /** Null when it was deleted last. */
  readonly text: string | null
  readonly sequence: number
}

/** Every acknowledged write, and so what must be there. */
export class History {
  readonly #documents = new Map<string, KnownDocument>()
  acknowledged = 0
  /** Of the newest write. */
  sequence = 0

  /** Notes a write once the cluster has answered it. */
  note(sequence: number, changes: readonly { id: string; text: string | null }[]): void {
    this.acknowledged++
    this.sequence = Math.max(this.sequence, sequence)
    for (const { id, text } of changes) {
      const before = this.#documents.get(id)
      assert(
        before === undefined || before.sequence < sequence,
        `${id}: write ${sequence} came after ${before?.sequence}`,
      )
      this.#documents.set(id, { text, sequence })
    }
  }

  get ids(): string[] {
    return [...this.#documents.keys()]
  }

  /** The ids that must be there. */
  get alive(): string[] {
    return this.ids.filter(id => this.#documents.get(id)!.text !== null)
  }

  /** @param found the document as the cluster gives it; undefined when it says that there is none */
  check(id: string, found: { text: string; version: number } | undefined): void {
    const { text, sequence } = this.#documents.get(id)!
    const expected = text === null ? undefined : { text, version: sequence }
    assert.deepEqual(found, expected, `document ${id}, written last by ${sequence}`)
  }
}
