import type { Mutant } from '../mutant.ts'

const chart = 'deploy/helm/hypershard'
const tests = ['test/chart/chart-files.test.ts']

export const chartMutants: readonly Mutant[] = [
  {
    id: 'chart-misspelt-setting',
    file: `${chart}/templates/shard-server.yaml`,
    find: '- name: HYPERSHARD_SHARD_SCRATCH',
    replace: '- name: HYPERSHARD_SHARD_FOLDER',
    breaks: 'A setting of the chart is one of the process',
    tests,
  },
  {
    id: 'chart-other-port',
    file: `${chart}/templates/encoder.yaml`,
    find: '  containerPort: 7702',
    replace: '  containerPort: 7712',
    breaks: 'A pod says the port at which its process listens',
    tests,
  },
  {
    id: 'chart-value-of-none',
    file: `${chart}/templates/coordinator.yaml`,
    find: '{{- with .Values.service.loadBalancerClass }}',
    replace: '{{- with .Values.service.balancerClass }}',
    breaks: 'A template takes a value that there is',
    tests,
  },
  {
    id: 'chart-value-unused',
    file: `${chart}/values.yaml`,
    find: '  loadBalancerClass: ""',
    replace: '  balancerClass: ""',
    breaks: 'A value that is documented is one that the schema knows',
    tests,
  },
  {
    id: 'chart-other-user',
    file: `${chart}/values.yaml`,
    find: '  runAsUser: 10001',
    replace: '  runAsUser: 1000',
    breaks: "Pods run as the image's user",
    tests,
  },
  {
    id: 'chart-metric-of-none',
    file: 'deploy/helm/prometheus-adapter.yaml',
    find: 'hypershard_encoder_waiting_texts{namespace',
    replace: 'hypershard_encoder_texts_waiting{namespace',
    breaks: 'Autoscalers go by metrics that processes have',
    tests,
  },
]
