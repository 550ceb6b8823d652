import { byLabel, type Meter, only } from '@hypershard/common'
import { eligibleDocuments, type Manifest } from '@hypershard/storage'
import type { Catalog } from './catalog.ts'
import { catalogMetrics } from './metrics.ts'
import type { ModelRegistry } from './model-registry.ts'

export interface ReadCatalogParts {
  readonly catalog: Pick<Catalog, 'list' | 'listIndexes' | 'listFailed'>
  readonly models: Pick<ModelRegistry, 'knownProblemOf'>
}

/** Has what can be searched read: of each index the generation that its name stands for. */
export function readCatalog(meter: Meter, { catalog, models }: ReadCatalogParts): void {
  const sum = (amountOf: (manifest: Manifest) => number) => () =>
    only(catalog.listIndexes().reduce((total, { manifest }) => total + amountOf(manifest), 0))
  meter.read(catalogMetrics.indexes, () =>
    byLabel('state', { served: catalog.listIndexes().length, damaged: catalog.listFailed().length }),
  )
  meter.read(
    catalogMetrics.documents,
    sum(manifest => eligibleDocuments(manifest)),
  )
  meter.read(
    catalogMetrics.segments,
    sum(({ segments }) => segments.length),
  )
  meter.read(
    catalogMetrics.aside,
    sum(({ aside }) => aside?.documents ?? 0),
  )
  meter.read(catalogMetrics.unserved, () => {
    const unserved = catalog.listIndexes().filter(({ generation }) => models.knownProblemOf(generation) !== undefined)
    return only(unserved.length)
  })
}
