/** Everything that a coordinator counts and measures, for docs/metrics.md. */
import { cacheMetrics, gateMetrics, type MetricDeclaration } from '@hypershard/common'
import { storeMetrics } from '@hypershard/storage'
import { accessMetrics } from './access/metrics.ts'
import { catalogMetrics } from './catalog/metrics.ts'
import { clusterMetrics } from './cluster/metrics.ts'
import { fanOutMetrics, rerankMetrics, searchMetrics } from './search/metrics.ts'
import { grpcMetrics } from './transport/grpc/metrics.ts'
import { httpMetrics } from './transport/http/metrics.ts'
import { writeMetrics } from './writing/metrics.ts'

export const coordinatorMetrics: readonly MetricDeclaration[] = [
  httpMetrics,
  grpcMetrics,
  accessMetrics,
  searchMetrics,
  rerankMetrics,
  fanOutMetrics,
  writeMetrics,
  gateMetrics,
  cacheMetrics,
  clusterMetrics,
  catalogMetrics,
  storeMetrics,
].flatMap((metrics): MetricDeclaration[] => Object.values(metrics))
