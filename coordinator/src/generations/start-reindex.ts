import { HypershardError, type RequestContext } from '@hypershard/common'
import {
  changeGenerationState,
  countSlices,
  createGeneration,
  type GenerationRecord,
  listGenerations,
  newerManifest,
  type ObjectStore,
  readGenerationState,
} from '@hypershard/storage'
import type { Catalog } from '../catalog/catalog.ts'
import type { ModelRegistry } from '../catalog/model-registry.ts'

export interface ReindexInput {
  readonly index: string
  /** A model's name or digest; undefined for the default. */
  readonly model: string | undefined
  /** Undefined for as many as now. */
  readonly shards: number | undefined
  readonly documentsPerSecondMax: number | null
  /** Slow down while searches are slower than this; null for never. */
  readonly searchP99MsMax: number | null
  /** To calibrate graphs with; undefined for those of the generation that is served now. */
  readonly sampleQueries: string[] | undefined
}

export interface ReindexParts {
  readonly store: ObjectStore
  readonly catalog: Catalog
  readonly models: ModelRegistry
}

/**
 * Creates the next generation of an index, to be filled by indexers from the texts of the one that is served now, and
 * from the write log after that. Nothing changes for searches.
 * @throws HypershardError `index_not_found`, `model_not_found`, `wrong_phase` when one is being built already
 */
export async function startReindex(
  input: ReindexInput,
  context: RequestContext,
  { store, catalog, models }: ReindexParts,
): Promise<GenerationRecord> {
  const { record, manifest: served } = catalog.get(input.index)
  const model = await models.resolve(input.model, context.deadline)
  return catalog.alone(record.name, context.deadline, async () => {
    await requireNoneBuilding(store, record.name)
    const manifest = await newerManifest(store, served)
    const { log, generation: source, version } = manifest
    const generation = await createGeneration(store, record, {
      model: { name: model.name, digest: model.digest },
      vectorWidth: model.vectorWidth,
      shards: input.shards ?? served.shards,
      source: { log, backfill: { generation: source, version, slices: countSlices(manifest) } },
    })
    const { documentsPerSecondMax, searchP99MsMax } = input
    const sampleQueries = input.sampleQueries ?? (await readGenerationState(store, manifest)).sampleQueries
    if (documentsPerSecondMax !== null || searchP99MsMax !== null || sampleQueries !== null) {
      await changeGenerationState(store, generation, () => ({ documentsPerSecondMax, searchP99MsMax, sampleQueries }))
    }
    return generation
  })
}

async function requireNoneBuilding(store: ObjectStore, index: string): Promise<void> {
  for (const generation of await listGenerations(store, { name: index })) {
    const { phase } = await readGenerationState(store, { index, generation })
    if (phase !== 'building') continue
    const message = `index \`${index}\`: generation ${generation} is being built already; promote or cancel it first`
    throw new HypershardError('wrong_phase', message, { details: { index, generation } })
  }
}
