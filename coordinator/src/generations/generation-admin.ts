import { HypershardError, type RequestContext } from '@hypershard/common'
import {
  type AliasTarget,
  aliasHistory,
  changeGenerationState,
  entryOf,
  type GenerationChange,
  type GenerationState,
  latestManifest,
  type Manifest,
  type ObjectStore,
  readGeneration,
  readGenerationState,
  writeOwnSamples,
} from '@hypershard/storage'
import { moveName } from '../aliases/change-names.ts'
import type { ModelRegistry } from '../catalog/model-registry.ts'
import { requireServed } from '../catalog/unserved-models.ts'
import { type AdmittingParts, admitSearch } from '../search/admit-search.ts'
import { searchInputOf } from '../search/search-input.ts'
import { externalScorerOf } from '../vectors/external-model-of.ts'
import type { ReadLine } from '../writing/line-parts.ts'
import type { WriteLogs } from '../writing/write-documents.ts'
import { comparedHits, compareGenerations, type ParityReport, sampleQueries } from './compare-generations.ts'
import { type DescribedGeneration, describeGeneration, describeGenerations } from './describe-generation.ts'
import { readSamples } from './read-samples.ts'
import { type ReindexInput, startReindex } from './start-reindex.ts'

export interface GenerationParts extends AdmittingParts {
  readonly store: ObjectStore
  readonly models: ModelRegistry
  readonly logs: WriteLogs
}

/** What may be asked of a generation that is being built. */
export interface GenerationOrder {
  readonly paused?: boolean | undefined
  readonly documentsPerSecondMax?: number | null | undefined
  readonly searchP99MsMax?: number | null | undefined
  readonly sampleQueries?: string[] | null | undefined
}

const historyMax = 1_000

/** Generations of an index beside each other: starting, watching, comparing, switching and dropping them. */
export class GenerationAdmin {
  readonly #parts: GenerationParts

  constructor(parts: GenerationParts) {
    this.#parts = parts
  }

  /** @throws HypershardError `model_not_found`, `wrong_phase` */
  async start(input: ReindexInput, context: RequestContext): Promise<DescribedGeneration> {
    const { generation } = await startReindex(input, context, this.#parts)
    return this.describe(input.index, generation)
  }

  /** Ascending. */
  list(index: string): Promise<DescribedGeneration[]> {
    return describeGenerations(index, this.#parts)
  }

  describe(index: string, generation: number): Promise<DescribedGeneration> {
    return describeGeneration(this.#parts.catalog.get(index).record, generation, this.#parts)
  }

  /** Its newest manifest, searched or not. @throws HypershardError `generation_not_found`, `corrupt_data` */
  async manifestOf(index: string, generation: number): Promise<Manifest> {
    const { store, catalog } = this.#parts
    return latestManifest(store, await readGeneration(store, catalog.get(index).record, generation))
  }

  /** Pauses, resumes, throttles, or gives queries to calibrate with. @throws HypershardError `wrong_phase` */
  async order(index: string, generation: number, order: GenerationOrder): Promise<DescribedGeneration> {
    if (order.sampleQueries != null) await this.#requireModel(index, generation)
    await this.#change(index, generation, ['building', 'live'], () => withoutUndefined(order))
    return this.describe(index, generation)
  }

  /**
   * Gives q-nets to calibrate with, in the place of those before, to a generation that has no model to make them.
   * @param samples a line each; none takes back what there is
   * @throws HypershardError `invalid_request`, `request_too_large`, `wrong_phase`
   */
  async giveSamples(index: string, generation: number, samples: AsyncIterable<ReadLine>): Promise<DescribedGeneration> {
    const { store, catalog } = this.#parts
    const record = await readGeneration(store, catalog.get(index).record, generation)
    const architecture = externalScorerOf(record.model)
    if (architecture === undefined) throw hasModel(index, generation)
    const { phase } = await readGenerationState(store, record)
    if (phase !== 'building' && phase !== 'live') throw wrongPhase(index, generation, phase)
    const scored = { architecture, modelDigest: record.model.digest, ofModel: false }
    await writeOwnSamples(store, record, await readSamples(samples, scored))
    return this.describe(index, generation)
  }

  /** Gives up a generation that is being built. @throws HypershardError `wrong_phase` */
  async cancel(index: string, generation: number): Promise<DescribedGeneration> {
    const state = await this.#change(index, generation, ['building'], () => ({ phase: 'cancelled' }))
    if (state.phase === 'cancelled') await this.#endTrial(index, generation)
    return this.describe(index, generation)
  }

  /** Gives up a finished generation that no name points at. @throws HypershardError `wrong_phase` */
  async drop(index: string, generation: number): Promise<DescribedGeneration> {
    // Another coordinator may have given it a name since this one last looked.
    await this.#parts.watcher.findMoves()
    await this.#change(index, generation, ['live'], () => {
      const { catalog } = this.#parts
      const names = catalog.namesNowOrNext({ indexUid: catalog.get(index).record.uid, generation })
      if (names.length > 0) throw inUse(index, generation, names)
      return { phase: 'dropped' }
    })
    await this.#endTrial(index, generation)
    return this.describe(index, generation)
  }

  /**
   * Has shard servers load a generation that is not served, and asks it and the served one the same queries.
   * @param queries none: some are made of the index's documents
   */
  async compare(
    index: string,
    generation: number,
    { queries, samples }: { queries: readonly string[]; samples: number },
    context: RequestContext,
  ): Promise<ParityReport> {
    const served = this.#parts.catalog.get(index)
    const trial = await this.#parts.watcher.tryOut(index, generation)
    const asked = queries.length > 0 ? queries : await sampleQueries(this.#parts.store, served.manifest, samples)
    const one = (entry: typeof served, query: string, until: RequestContext) => {
      // What the models rank, not what a search may miss of it.
      const how = { plan: 'exact', k: comparedHits, ids_only: true, generation: entry.generation.generation } as const
      return admitSearch(searchInputOf(index, { query, ...how }), until, this.#parts)
    }
    return compareGenerations({ served, trial, queries: asked, search: one }, context)
  }

  /**
   * Lets an index's name point at a finished generation: from now on searches use it, and those of other names that stand
   * for the same generation if they go along. It must have caught up with the
   * log. The one before stays, and follows the log, until it is dropped.
   * @throws HypershardError `wrong_phase` when it has not caught up or is not to be used, `model_not_served`
   */
  async promote(
    index: string,
    generation: number,
    withAliases: boolean,
    context: RequestContext,
  ): Promise<DescribedGeneration> {
    const { record } = this.#parts.catalog.get(index)
    const described = await this.describe(index, generation)
    if (!described.caughtUp) throw notCaughtUp(index, described)
    await requireServed(described.record, this.#parts.models, context.deadline)
    await this.#change(index, generation, ['building', 'live'], state =>
      state.phase === 'live' ? undefined : { phase: 'live' },
    )
    const to = { index: record.name, indexUid: record.uid, generation }
    await moveName({ name: index, to, withAliases }, context, this.#parts)
    return this.describe(index, generation)
  }

  /**
   * Lets a name point at what it pointed at before its last move.
   * @throws HypershardError `wrong_phase` when there is nothing to go back to, or it was dropped; `model_not_served`
   */
  async rollBack(index: string, withAliases: boolean, context: RequestContext): Promise<DescribedGeneration> {
    const { store, catalog } = this.#parts
    const now = catalog.targetOf(index)!
    const { record } = catalog.get(index)
    const tables = await aliasHistory(store, historyMax)
    const targets = tables.map(table => entryOf(table, index))
    const first: AliasTarget = { index: record.name, indexUid: record.uid, generation: 1 }
    const before = [...targets, record.name === index ? first : undefined].find(
      target => target?.indexUid === now.indexUid && target.generation !== now.generation,
    )
    if (before === undefined) throw nothingBefore(index)
    const { phase } = await readGenerationState(store, before)
    if (phase !== 'live') throw wrongPhase(index, before.generation, phase)
    await requireServed(await readGeneration(store, record, before.generation), this.#parts.models, context.deadline)
    await moveName({ name: index, to: before, withAliases }, context, this.#parts)
    return this.describe(index, before.generation)
  }

  async #change(
    index: string,
    generation: number,
    phases: readonly GenerationState['phase'][],
    decide: (state: GenerationState) => GenerationChange | undefined,
  ): Promise<GenerationState> {
    const { record } = this.#parts.catalog.get(index)
    const found = await readGeneration(this.#parts.store, record, generation)
    return changeGenerationState(this.#parts.store, found, state => {
      if (!phases.includes(state.phase)) throw wrongPhase(index, generation, state.phase)
      return decide(state)
    })
  }

  async #requireModel(index: string, generation: number): Promise<void> {
    const record = await readGeneration(this.#parts.store, this.#parts.catalog.get(index).record, generation)
    if (externalScorerOf(record.model) === undefined) return
    const message = `sample_queries: index \`${index}\` has no model that reads them; put sample q-nets instead`
    throw new HypershardError('invalid_request', message, { details: { index, generation } })
  }

  async #endTrial(index: string, generation: number): Promise<void> {
    this.#parts.catalog.endTrial({ indexUid: this.#parts.catalog.get(index).record.uid, generation })
  }
}

function withoutUndefined(order: GenerationOrder): GenerationChange {
  return Object.fromEntries(Object.entries(order).filter(([, value]) => value !== undefined))
}

function wrongPhase(index: string, generation: number, phase: string): HypershardError {
  const message = `index \`${index}\`: generation ${generation} is ${phase}, and that does not go with it`
  return new HypershardError('wrong_phase', message, { details: { index, generation, phase } })
}

function hasModel(index: string, generation: number): HypershardError {
  const message = `index \`${index}\` has a model, which makes q-nets of queries; send \`sample_queries\` instead`
  return new HypershardError('invalid_request', message, { details: { index, generation } })
}

function notCaughtUp(index: string, { record, backfill, lag }: DescribedGeneration): HypershardError {
  const { generation } = record
  const copied = backfill === null ? '' : `${backfill.done} of ${backfill.total} documents copied, `
  const message = `index \`${index}\`: generation ${generation} has not caught up: ${copied}${lag} writes to follow; wait`
  return new HypershardError('wrong_phase', message, { details: { index, generation, backfill, lag } })
}

function inUse(index: string, generation: number, names: readonly string[]): HypershardError {
  const message = `index \`${index}\`: generation ${generation} is what ${names.join(', ')} stands for; move that first`
  return new HypershardError('wrong_phase', message, { details: { index, generation, names } })
}

function nothingBefore(index: string): HypershardError {
  const message = `\`${index}\` never pointed at anything else; there is nothing to roll back to`
  return new HypershardError('wrong_phase', message, { details: { index } })
}
