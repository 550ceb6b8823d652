import { HypershardError, type RequestContext } from '@hypershard/common'
import {
  type AliasAction,
  type AliasTable,
  aliasHistory,
  entryOf,
  readGeneration,
  readGenerationState,
} from '@hypershard/storage'
import type { NamedTarget } from '../catalog/names.ts'
import { type ChangeNamesParts, changeNames } from './change-names.ts'

/** One change of an alias, as the API has it. */
export type AliasOrder =
  | { readonly add: { readonly alias: string; readonly index: string; readonly generation?: number | undefined } }
  | { readonly remove: { readonly alias: string } }

/** The newest table, with what stands in the way of an entry. */
export interface ListedAliases {
  readonly version: number
  readonly createdAt: string
  readonly aliases: readonly NamedTarget[]
}

const historyMax = 100

/** Names that stand for a generation of an index. Several move in one step or none does. */
export class AliasAdmin {
  readonly #parts: ChangeNamesParts

  constructor(parts: ChangeNamesParts) {
    this.#parts = parts
  }

  list(): ListedAliases {
    const { catalog } = this.#parts
    const { version, createdAt } = catalog.aliases
    return { version, createdAt, aliases: catalog.listAliases() }
  }

  /** Versions newest first, with what made each. */
  history(): Promise<AliasTable[]> {
    return aliasHistory(this.#parts.store, historyMax)
  }

  /**
   * Carries out all orders in one step. Searches follow once what the names point at is loaded, which is when this
   * resolves.
   * @throws HypershardError `index_not_found`, `generation_not_found`, `alias_not_found`, `index_exists` for a name
   *   that is an index's, `wrong_phase` for a generation that is not finished
   */
  async change(orders: readonly AliasOrder[], context: RequestContext): Promise<ListedAliases> {
    await changeNames(() => Promise.all(orders.map(order => this.#actionOf(order))), context, this.#parts)
    return this.list()
  }

  async #actionOf(order: AliasOrder): Promise<AliasAction> {
    const { catalog } = this.#parts
    if ('remove' in order) {
      const { alias } = order.remove
      const entry = entryOf(catalog.newestAliases, alias)
      // An alias beside an index of its name counts for nothing, and may go; what an index's own name stands for stays.
      if (entry === undefined || (catalog.isIndex(alias) && entry.index === alias)) throw notFound(alias)
      return { name: alias, to: null }
    }
    const { alias, index, generation } = order.add
    if (catalog.isIndex(alias)) throw isIndex(alias)
    const { record, generation: served } = catalog.get(index)
    const number = generation ?? served.generation
    await this.#requireLive(record.name, number)
    return { name: alias, to: { index: record.name, indexUid: record.uid, generation: number } }
  }

  async #requireLive(index: string, generation: number): Promise<void> {
    const { store, catalog } = this.#parts
    const { phase } = await readGenerationState(
      store,
      await readGeneration(store, catalog.get(index).record, generation),
    )
    if (phase === 'live') return
    const message = `index \`${index}\`: generation ${generation} is ${phase}; a name can point at a live one only`
    throw new HypershardError('wrong_phase', message, { details: { index, generation, phase } })
  }
}

function notFound(alias: string): HypershardError {
  const message = `alias \`${alias}\` does not exist; GET /v1/aliases lists those there are`
  return new HypershardError('alias_not_found', message, { details: { alias } })
}

function isIndex(alias: string): HypershardError {
  const message = `\`${alias}\` is an index; an index's own name moves by promoting a generation of it`
  return new HypershardError('index_exists', message, { details: { alias } })
}
