import assert from 'node:assert/strict'
import type { AllowedStates } from '@hypershard/harness/invariants'

/** What a write makes of one document. */
export interface Change {
  readonly id: string
  /** Null to delete it. */
  readonly text: string | null
}

/** One document as one write left it. Each id has one client, which waits for every answer. */
interface KnownState {
  readonly text: string | null
  /** Undefined until the cluster has answered: until then it may be there or not. */
  sequence: number | undefined
}

/** A write whose answer is awaited. */
export type BegunWrite = readonly KnownState[]

/** Every write, and so what may be seen, and what must be there once it is acknowledged. */
export class History {
  /** By id, the oldest first. */
  readonly #documents = new Map<string, KnownState[]>()
  acknowledged = 0
  /** Of the newest write that is acknowledged. */
  sequence = 0

  /** Notes what is about to be asked for: from now on searches may see it. @param changes in the order of the write */
  begin(changes: readonly Change[]): BegunWrite {
    return changes.map(({ id, text }) => {
      const state: KnownState = { text, sequence: undefined }
      this.#documents.set(id, [...(this.#documents.get(id) ?? []), state])
      return state
    })
  }

  /** Notes a write once the cluster has answered it. */
  note(sequence: number, write: BegunWrite): void {
    this.acknowledged++
    this.sequence = Math.max(this.sequence, sequence)
    for (const state of write) state.sequence = sequence
    for (const [id, states] of this.#documents) {
      const sequences = states.map(state => state.sequence ?? Number.POSITIVE_INFINITY)
      assert.deepEqual(
        sequences,
        sequences.toSorted((a, b) => a - b),
        `${id}: write ${sequence} came before an earlier one`,
      )
    }
  }

  get ids(): string[] {
    return [...this.#documents.keys()]
  }

  /** The ids that must be there. */
  get alive(): string[] {
    return this.ids.filter(id => this.#newest(id) !== null)
  }

  /** @param found the document as the cluster gives it; undefined when it says that there is none */
  check(id: string, found: { text: string; version: number } | undefined): void {
    const text = this.#newest(id)
    const { sequence } = this.#documents.get(id)!.at(-1)!
    const expected = text === null ? undefined : { text, version: sequence }
    assert.deepEqual(found, expected, `document ${id}, written last by ${sequence}`)
  }

  /** What a search may see that began at some time and has ended now, and was to see this entry of the write log. */
  allowedSince(minSequence: number): Map<string, AllowedStates> {
    return new Map([...this.#documents].map(([id, states]) => [id, allowedOf(states, minSequence)]))
  }

  #newest(id: string): string | null {
    return this.#documents.get(id)!.at(-1)!.text
  }
}

/** The last write that the search must see, and all after it. */
function allowedOf(states: readonly KnownState[], minSequence: number): AllowedStates {
  const seen = states.findLastIndex(({ sequence }) => sequence !== undefined && sequence <= minSequence)
  const possible = states.slice(Math.max(0, seen)).map(({ text }) => text)
  return {
    texts: new Set(possible.filter(text => text !== null)),
    mayBeAbsent: seen === -1 || possible.includes(null),
  }
}
