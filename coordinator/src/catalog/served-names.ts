import {
  type AliasTable,
  type AliasTarget,
  emptyAliasTable,
  newerAliasTable,
  type ObjectStore,
} from '@hypershard/storage'

/** Names and what they are to point at; undefined for nothing any more. They change together. */
export type NamesMove = ReadonlyMap<string, AliasTarget | undefined>

/** What names point at as searches see it: a name stays where it is until its move is published. */
export class ServedNames {
  /** The newest table found, moves that are under way included: what changes are decided on. */
  newest: AliasTable = emptyAliasTable
  /** What names that are about to move still stand for, and how many moves of each are under way. */
  readonly #held = new Map<string, { target: AliasTarget | undefined; moves: number }>()

  /** The table as searches see it. */
  get table(): AliasTable {
    if (this.#held.size === 0) return this.newest
    const aliases = { ...this.newest.aliases }
    for (const [name, { target }] of this.#held) {
      if (target === undefined) delete aliases[name]
      else aliases[name] = target
    }
    return { ...this.newest, aliases }
  }

  /**
   * Finds which names are to point elsewhere. They stand for what they did until the move is published.
   * @returns undefined when nothing changed since this was asked last
   */
  async findMove(store: ObjectStore): Promise<NamesMove | undefined> {
    const table = await newerAliasTable(store, this.newest)
    const before = this.newest
    if (table.version <= before.version) return undefined
    const move = new Map<string, AliasTarget | undefined>()
    for (const name of new Set([...Object.keys(before.aliases), ...Object.keys(table.aliases)])) {
      const [from, to] = [targetIn(before, name), targetIn(table, name)]
      if (isSame(from, to)) continue
      const { target, moves } = this.#held.get(name) ?? { target: from, moves: 0 }
      this.#held.set(name, { target, moves: moves + 1 })
      move.set(name, to)
    }
    this.newest = table
    return move
  }

  /** From now on these names point where they were to move, all at once. */
  publish(move: NamesMove): void {
    for (const [name, target] of move) {
      const moves = (this.#held.get(name)?.moves ?? 1) - 1
      if (moves === 0) this.#held.delete(name)
      else this.#held.set(name, { target, moves })
    }
  }
}

function targetIn({ aliases }: AliasTable, name: string): AliasTarget | undefined {
  return Object.hasOwn(aliases, name) ? aliases[name] : undefined
}

function isSame(one: AliasTarget | undefined, other: AliasTarget | undefined): boolean {
  return one?.indexUid === other?.indexUid && one?.generation === other?.generation
}
