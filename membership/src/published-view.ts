import type { MembershipView, ServerEntry } from './ports.ts'

/** The order of a view's servers. */
export function byAddress(a: ServerEntry, b: ServerEntry): number {
  return a.address < b.address ? -1 : Number(a.address > b.address)
}

/** A view that changes, and who is told of it. */
export class PublishedView {
  #view: MembershipView = Object.freeze({ number: 1, servers: [] })
  readonly #listeners = new Set<(view: MembershipView) => void>()

  get current(): MembershipView {
    return this.#view
  }

  follow(listener: (view: MembershipView) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Makes a new view of the servers, unless the last has the same. */
  publish(servers: readonly ServerEntry[]): void {
    const ascending = [...servers].sort(byAddress)
    if (textOf(ascending) === textOf(this.#view.servers)) return
    this.#view = Object.freeze({ number: this.#view.number + 1, servers: ascending })
    for (const listener of [...this.#listeners]) listener(this.#view)
  }
}

function textOf(servers: readonly ServerEntry[]): string {
  return JSON.stringify(servers.map(({ address, weight, zone }) => [address, weight, zone]))
}
