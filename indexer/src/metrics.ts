/** Everything that an indexer counts and measures, for docs/metrics.md. */
import type { MetricDeclaration } from '@hypershard/common'
import { storeMetrics } from '@hypershard/storage'
import { collectMetrics } from './collect/metrics.ts'
import { compactionMetrics } from './compact/metrics.ts'
import { ingestMetrics, lagMetrics } from './ingest/metrics.ts'
import { jobMetrics } from './queue/metrics.ts'

export const indexerMetrics: readonly MetricDeclaration[] = [
  jobMetrics,
  ingestMetrics,
  lagMetrics,
  compactionMetrics,
  collectMetrics,
  storeMetrics,
].flatMap((metrics): MetricDeclaration[] => Object.values(metrics))
