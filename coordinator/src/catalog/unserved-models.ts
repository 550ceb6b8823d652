/** Which generations cannot be searched because no encoder service has the model that they were made with. */
import { type Deadline, HypershardError } from '@hypershard/common'
import { type GenerationOfModel, isLoaded, modelNotServed, type NamedModel } from '@hypershard/storage'
import type { CatalogEntry } from './catalog.ts'
import type { ModelRegistry } from './model-registry.ts'

export interface UnservedIndex extends GenerationOfModel {
  /** What is wrong and what to do. */
  readonly message: string
}

/** Those of the entries, in their order. */
export function findUnserved(entries: readonly CatalogEntry[], loaded: readonly NamedModel[]): UnservedIndex[] {
  const unserved = entries.map(({ generation }) => generation).filter(({ model }) => !isLoaded(model, loaded))
  return unserved.map(({ index, generation, model }) => {
    const { message } = modelNotServed({ index, generation, model }, loaded)
    return { index, generation, model, message }
  })
}

/**
 * Refuses to let a name stand for a generation that no search could use. While the encoder service cannot be reached
 * nobody knows, and going back to an older one must not wait for it.
 * @throws HypershardError `model_not_served`, `deadline_exceeded`, `cancelled`
 */
export async function requireServed(
  generation: GenerationOfModel,
  models: ModelRegistry,
  deadline: Deadline,
): Promise<void> {
  const loaded = await models.list(deadline).catch(unlessUnreachable)
  if (loaded !== undefined && !isLoaded(generation.model, loaded)) throw modelNotServed(generation, loaded)
}

function unlessUnreachable(error: unknown): undefined {
  if (error instanceof HypershardError && error.code === 'unavailable') return undefined
  throw error
}
