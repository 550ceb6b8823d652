import { HypershardError, type RequestContext } from '@hypershard/common'
import {
  changeGenerationState,
  copyOwnSamples,
  countSlices,
  createGeneration,
  externalArchitecture,
  type GenerationRecord,
  listGenerations,
  newerManifest,
  type ObjectStore,
  readGenerationState,
} from '@hypershard/storage'
import type { Catalog, CatalogEntry } from '../catalog/catalog.ts'
import type { ModelRegistry } from '../catalog/model-registry.ts'
import { externalName } from '../vectors/external-model-of.ts'

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
  const model = externalOf(input, catalog.get(input.index)) ?? (await models.resolve(input.model, context.deadline))
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
    await copyOwnSamples(store, manifest, generation)
    if (documentsPerSecondMax !== null || searchP99MsMax !== null || sampleQueries !== null) {
      await changeGenerationState(store, generation, () => ({ documentsPerSecondMax, searchP99MsMax, sampleQueries }))
    }
    return generation
  })
}

/**
 * Of an index whose vectors come from outside: it is built anew with the vectors that it has, such as into another number of
 * shards. Its documents need no texts, so that no model could take over.
 */
function externalOf({ index, model, sampleQueries }: ReindexInput, { generation, manifest }: CatalogEntry) {
  const { model: own } = generation
  if (externalArchitecture(own) === undefined) return undefined
  if (sampleQueries !== undefined) {
    const message = `sample_queries: index \`${index}\` has no model that reads them; put sample q-nets instead`
    throw new HypershardError('invalid_request', message, { details: { index } })
  }
  if (model === undefined || [externalName, own.name, own.digest].includes(model)) {
    return { ...own, vectorWidth: manifest.vectorWidth }
  }
  const message = `model: index \`${index}\` has vectors from outside, and keeps them; leave it out, or send "${externalName}"`
  throw new HypershardError('invalid_request', message, { details: { index, model } })
}

async function requireNoneBuilding(store: ObjectStore, index: string): Promise<void> {
  for (const generation of await listGenerations(store, { name: index })) {
    const { phase } = await readGenerationState(store, { index, generation })
    if (phase !== 'building') continue
    const message = `index \`${index}\`: generation ${generation} is being built already; promote or cancel it first`
    throw new HypershardError('wrong_phase', message, { details: { index, generation } })
  }
}
