import { type Meter, only, readCaches, readGates, type WorkGate } from '@hypershard/common'
import type { TextBatchCache } from '@hypershard/storage'
import { drainMetrics } from './draining/metrics.ts'
import type { RowFilter } from './filtering/row-filter.ts'
import type { QueryCache } from './qnets/query-cache.ts'
import { scoringMetrics } from './search/metrics.ts'
import type { ServerState } from './server-state.ts'

export interface ReadParts {
  readonly queries: QueryCache
  readonly filter: RowFilter
  readonly texts: TextBatchCache
  readonly searches: WorkGate
  readonly state: ServerState
  readonly kernel: string
  readonly threads: number
}

/** Has read what the parts of a shard server know of themselves. */
export function readParts(meter: Meter, { queries, filter, texts, searches, state, kernel, threads }: ReadParts): void {
  readGates(meter, { shard_searches: searches })
  readCaches(meter, { qnets: queries, filters: filter, texts })
  meter.read(scoringMetrics.kernel, () => [{ labels: { kernel }, value: 1 }])
  meter.read(scoringMetrics.threads, () => only(threads))
  meter.read(drainMetrics.draining, () => only(state.draining ? 1 : 0))
  meter.read(drainMetrics.coordinators, () => only(state.coordinators().asking))
  meter.read(drainMetrics.needing, () => only(state.draining ? state.coordinators().needing : 0))
}
