import type { MetricDeclaration } from '@hypershard/common'
import { coordinatorMetrics } from '@hypershard/coordinator/metrics'
import { encoderServiceMetrics } from '@hypershard/encoder-service/metrics'
import { indexerMetrics } from '@hypershard/indexer/metrics'
import { processMetrics, serviceMetrics } from '@hypershard/service/metrics'
import { shardServerMetrics } from '@hypershard/shard-server/metrics'

/** The processes of a cluster with all that each declares. */
export const declaredMetrics: readonly { readonly title: string; readonly metrics: readonly MetricDeclaration[] }[] = [
  { title: 'Coordinator', metrics: coordinatorMetrics },
  { title: 'Encoder service', metrics: encoderServiceMetrics },
  { title: 'Indexer', metrics: indexerMetrics },
  { title: 'Shard server', metrics: shardServerMetrics },
  { title: 'Every process', metrics: serviceMetrics },
]

/** What the labels mean and which values they take; each is bounded by the code or by the cluster. */
export const labelMeanings: Readonly<Record<string, string>> = {
  cache: '`qnets`, `answers`, `words` (coordinator); `qnets`, `filters`, `texts` (shard server)',
  code: 'an [error code](errors.md)',
  device: 'what ranks documents, or encodes, such as `webgpu` or `cuda:0`',
  digest: "a model's digest; as many as an encoder service has models",
  kernel: 'what computes: scores in a shard server, document vectors in an encoder service',
  kind: 'of a job or a commit: `advance`, `backfill`, `compact`, `collect`, `collect-models`; of a request to the store: `get`, `range`, `put`, `put_if_absent`, `put_file`, `list`, `delete`, `space`',
  lane: '`query`, `document` (encoder service); `writes`, `background` (indexer)',
  method: 'of HTTP, or of the gRPC API; else `other`',
  model: "a model's name",
  object: '`manifest`, `log`, `names`, `state`, `index`, `snapshot`, `other`',
  outcome: 'how it ended: the good outcomes are said with the metric, all else is an [error code](errors.md)',
  place: 'what scores a segment: `device`, `cpu`',
  plan: 'of a search: `auto`, `exact`, `tangent`, `graph`; `unknown` of a shard that could not be searched',
  precision: 'what vectors lie on a device in: `f16`, `f32`',
  process: '`coordinator`, `encoder-service`, `indexer`, `shard-server`',
  protocol: 'the protocol version',
  reason: 'why a call was made: `first`, `retry`, `hedge`',
  result:
    '`complete`, `partial`, `failed` of searches; `answered`, `failed`, `cancelled` of calls; `hit`, `miss` of caches; `accepted`, `refused` of documents written; `indexed`, `aside` of documents indexed; `written`, `failed` of lines of the audit log',
  route: 'as the [API](api.md) has it, without what stands in its parameters; `none` for what is no route',
  setting: '`HYPERSHARD_TLS_CERT`, `HYPERSHARD_HTTP_TLS_CERT`',
  stage:
    '`wait`, `encode`, `fan_out`, `merge`, `fetch`, `rerank`, `highlight` (coordinator, a search); `append`, `searchable` (coordinator, a write); `queue`, `score` (shard server, a shard)',
  state:
    '`live`, `draining`, `down` of servers; `waiting`, `loading`, `failed`, `releasing` of moves; `served`, `damaged` of indexes; `loaded`, `loading` of segments',
  status: '`1xx` to `5xx`, or `gone` when the caller left before the answer; of gRPC a status such as `OK`',

  stop: '`complete`, `deadline`, `cancelled`; `failed` of a shard that could not be searched',
  transport: 'where requests come in: `http`, `grpc`',
  version: "the process's version",
  work: '`searches`, `writes` (coordinator); `shard_searches` (shard server); `queries`, `documents` (encoder service); `run`, `multiply_add`, `value` (a device)',
}

const introduction = `# Metrics

Each process gives these at \`/metrics\` of its admin listener (\`HYPERSHARD_ADMIN_LISTEN\`), as Prometheus reads them.
\`HYPERSHARD_METRICS=off\` leaves all of them out.
Probes and scraping: [operations](operations.md#metrics-and-probes).
Times are in seconds, sizes in bytes; what ends in \`_total\` only grows, from 0 at the start of the process.
A histogram has \`_bucket\`, \`_sum\` and \`_count\` behind its name.
This page is generated from the declarations by \`npm run generate\`.
`

/** docs/metrics.md as the declarations have it. */
export function renderMetricsPage(): string {
  const sections = declaredMetrics.map(({ title, metrics }) => `## ${title}\n\n${renderTable(metrics)}\n`)
  const own = processMetrics.map(({ name, kind, help }) => `| \`${name}\` | ${kind} | ${help} |`)
  const defaults = ['| metric | kind | |', '|---|---|---|', ...own].join('\n')
  const ofNode = `And what prom-client measures of a process of Node.js, under names of its own:\n\n${defaults}\n`
  return [introduction, ...sections, ofNode, `## Labels\n\n${renderLabels()}\n`].join('\n')
}

function renderTable(metrics: readonly MetricDeclaration[]): string {
  const rows = metrics.map(({ name, kind, labels, help }) => {
    const named = labels.length === 0 ? '–' : labels.map(label => `\`${label}\``).join(', ')
    return `| \`${name}\` | ${kind} | ${named} | ${help} |`
  })
  return ['| metric | kind | labels | |', '|---|---|---|---|', ...rows].join('\n')
}

function renderLabels(): string {
  const rows = Object.entries(labelMeanings).map(([label, meaning]) => `| \`${label}\` | ${meaning} |`)
  return ['| label | values |', '|---|---|', ...rows].join('\n')
}
