/** Everything that an encoder service counts and measures, for docs/metrics.md. */
import { gateMetrics, type MetricDeclaration } from '@hypershard/common'
import { batchMetrics, encoderMetrics } from './batching/metrics.ts'

export const encoderServiceMetrics: readonly MetricDeclaration[] = [encoderMetrics, batchMetrics, gateMetrics].flatMap(
  (metrics): MetricDeclaration[] => Object.values(metrics),
)
