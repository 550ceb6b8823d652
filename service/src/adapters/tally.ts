import type { LabelValues } from '@hypershard/common'

type Branch<Kept> = Map<string, Branch<Kept> | Kept>

/**
 * What is kept for each combination of labels' values: a tree of maps, a level for each label. Values are found in it
 * without making a key of them, which took most of the time that counting took, and so does prom-client.
 */
export class Tally<Label extends string, Kept extends object> {
  readonly #names: readonly Label[]
  readonly #empty: () => Kept
  readonly #root: Branch<Kept> = new Map()
  readonly #entries: { readonly labels: LabelValues<Label>; readonly kept: Kept }[] = []
  /** Of what has no labels. */
  readonly #only: Kept | undefined

  /** @param empty what is kept for a combination that comes for the first time */
  constructor(names: readonly Label[], empty: () => Kept) {
    this.#names = names
    this.#empty = empty
    if (names.length === 0) this.#only = this.#add({} as LabelValues<Label>)
  }

  /** The same object for the same values. */
  at(labels: LabelValues<Label>): Kept {
    if (this.#only !== undefined) return this.#only
    const last = this.#names.length - 1
    let branch = this.#root
    for (let level = 0; level < last; level++) {
      const value = labels[this.#names[level]!]
      let next = branch.get(value) as Branch<Kept> | undefined
      if (next === undefined) {
        next = new Map()
        branch.set(value, next)
      }
      branch = next
    }
    const value = labels[this.#names[last]!]
    const found = branch.get(value) as Kept | undefined
    if (found !== undefined) return found
    const kept = this.#add(labels)
    branch.set(value, kept)
    return kept
  }

  entries(): Iterable<{ readonly labels: LabelValues<Label>; readonly kept: Kept }> {
    return this.#entries
  }

  #add(labels: LabelValues<Label>): Kept {
    const kept = this.#empty()
    // Who counts may use one object for many values.
    this.#entries.push({ labels: { ...labels }, kept })
    return kept
  }
}
