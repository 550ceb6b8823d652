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

export const stateMetrics = defineMetrics({
  ready: {
    kind: 'gauge',
    name: 'hypershard_ready',
    help: '1 while the process can do its work, as `/readyz` says, else 0.',
    labels: [],
  },
  certificateExpires: {
    kind: 'gauge',
    name: 'hypershard_certificate_expires_timestamp_seconds',
    help: 'Until when the certificate lasts that stands in the file of a setting now, in seconds since 1970.',
    labels: ['setting'],
  },
})

/** What every process tells of itself, beside what its own flows count. */
export const serviceMetrics: readonly MetricDeclaration[] = [
  ...Object.values(buildMetrics),
  ...Object.values(stateMetrics),
]
