import { defineMetrics, type MetricDeclaration } from '@hypershard/common'

export { processMetrics } from './adapters/process-metrics.ts'

export const buildMetrics = defineMetrics({
  buildInfo: {
    kind: 'gauge',
    name: 'hypershard_build_info',
    help: 'Which version of which process this is, and which protocol it speaks; always 1.',
    labels: ['process', 'version', 'protocol'],
  },
})

/** What every process tells of itself, beside what its own flows count. */
export const serviceMetrics: readonly MetricDeclaration[] = Object.values(buildMetrics)
