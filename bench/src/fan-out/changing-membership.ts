import type { MembershipSource, MembershipView, ServerEntry } from '@hypershard/membership'

type Listener = (view: MembershipView) => void

/** Names the servers that a bench says. */
export class ChangingMembership implements MembershipSource {
  #view: MembershipView
  readonly #listeners = new Set<Listener>()

  constructor(servers: readonly ServerEntry[]) {
    this.#view = { number: 1, servers }
  }

  /** From now on these, whose addresses ascend. */
  name(servers: readonly ServerEntry[]): void {
    this.#view = { number: this.#view.number + 1, servers }
    for (const listener of this.#listeners) listener(this.#view)
  }

  currentView(): MembershipView {
    return this.#view
  }

  follow(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  lookSoon(): void {}

  askBeforeLeaving(): void {}

  close(): void {}
}
