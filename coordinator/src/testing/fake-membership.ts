import assert from 'node:assert/strict'
import type { MembershipSource, MembershipView, ServerEntry } from '@hypershard/membership'

/** A source whose view is what a test says. */
export class FakeMembership implements MembershipSource {
  /** How often somebody asked it to look again. */
  looks = 0
  /** What whoever follows it knows of servers. */
  isDown: (address: string) => boolean = () => assert.fail('nobody has said who knows')
  readonly #listeners = new Set<(view: MembershipView) => void>()
  #view: MembershipView

  constructor(servers: readonly ServerEntry[]) {
    this.#view = { number: 1, servers }
  }

  /** From now on these are the servers. */
  name(servers: readonly ServerEntry[]): void {
    this.#view = { number: this.#view.number + 1, servers }
    for (const listener of this.#listeners) listener(this.#view)
  }

  currentView(): MembershipView {
    return this.#view
  }

  follow(listener: (view: MembershipView) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  lookSoon(): void {
    this.looks++
  }

  askBeforeLeaving(isDown: (address: string) => boolean): void {
    this.isDown = isDown
  }

  close(): void {
    this.#listeners.clear()
  }
}
