/** Everything that a shard server counts and measures, for docs/metrics.md. */
import { cacheMetrics, gateMetrics, type MetricDeclaration } from '@hypershard/common'
import { storeMetrics } from '@hypershard/storage'
import { deviceMetrics } from './device/metrics.ts'
import { drainMetrics } from './draining/metrics.ts'
import { filterMetrics } from './filtering/metrics.ts'
import { holdingMetrics } from './holding/metrics.ts'
import { headMetrics } from './qnets/metrics.ts'
import { scoringMetrics, shardSearchMetrics } from './search/metrics.ts'
import { wordsMetrics } from './words/metrics.ts'

export const shardServerMetrics: readonly MetricDeclaration[] = [
  shardSearchMetrics,
  scoringMetrics,
  headMetrics,
  filterMetrics,
  wordsMetrics,
  holdingMetrics,
  deviceMetrics,
  drainMetrics,
  gateMetrics,
  cacheMetrics,
  storeMetrics,
].flatMap((metrics): MetricDeclaration[] => Object.values(metrics))
