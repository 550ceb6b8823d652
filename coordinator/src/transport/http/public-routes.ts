import type { Logger } from '@hypershard/common'
import type { Door } from '../../access/door.ts'
import type { Coordinator } from '../../coordinator.ts'
import type { Route } from './route.ts'
import { accessRoutes } from './routes/access-routes.ts'
import { aliasRoutes } from './routes/alias-routes.ts'
import { clusterRoutes } from './routes/cluster-routes.ts'
import { deleteByFilterRoute } from './routes/delete-by-filter-route.ts'
import { documentRoutes } from './routes/document-routes.ts'
import { explainRoutes } from './routes/explain-routes.ts'
import { generationRoutes } from './routes/generation-routes.ts'
import { indexRoutes } from './routes/index-routes.ts'
import { maintenanceRoutes } from './routes/maintenance-routes.ts'
import { readingRoutes } from './routes/reading-routes.ts'
import { searchRoutes } from './routes/search-routes.ts'
import { serverRoutes } from './routes/server-routes.ts'
import { snapshotRoutes } from './routes/snapshot-routes.ts'

export interface PublicRouteOptions {
  readonly door: Door
  readonly putTimeoutMs: number
  readonly telemetry: { readonly log: Logger }
}

/** The whole public API. The OpenAPI document and the Python client are made of what these say of themselves. */
export function publicRoutes(coordinator: Coordinator, options: PublicRouteOptions): Route[] {
  return [
    ...clusterRoutes(coordinator, options.telemetry.log),
    ...accessRoutes(options),
    ...serverRoutes(coordinator),
    ...indexRoutes(coordinator),
    ...documentRoutes(coordinator, options),
    deleteByFilterRoute(coordinator, options),
    ...readingRoutes(coordinator),
    ...searchRoutes({ coordinator, door: options.door }),
    ...explainRoutes({ coordinator, door: options.door }),
    ...generationRoutes(coordinator),
    ...snapshotRoutes(coordinator),
    ...aliasRoutes(coordinator),
    ...maintenanceRoutes(coordinator),
  ]
}
