import { highest, mean, perSecond, quantile, sum } from '../expressions.ts'
import type { Page } from '../page.ts'

const ours = '{job=~"hypershard-.+"}'

/** Who is there, where shards lie, the store, and what each process takes. */
export const clusterPage: Page = {
  name: 'cluster',
  title: 'hypershard: cluster',
  description: 'Servers and where shards lie, the object store, and what each process takes of its machine.',
  rows: [
    {
      title: 'Servers',
      panels: [
        {
          title: 'Processes that answer Prometheus',
          description: 'By kind.',
          unit: 'short',
          alert: 'HypershardProcessDown',
          queries: [[sum(`up${ours}`, 'job'), '{{job}}']],
        },
        {
          title: 'Shard servers by state',
          description: 'As the coordinator sees them that sees most of each.',
          unit: 'short',
          alert: 'HypershardServerDown',
          queries: [[highest('hypershard_cluster_shard_servers', 'state'), '{{state}}']],
        },
        {
          title: 'Encoder services by state',
          description: 'As the coordinator sees them that sees most of each.',
          unit: 'short',
          alert: 'HypershardEncoderDown',
          queries: [[highest('hypershard_cluster_encoder_services', 'state'), '{{state}}']],
        },
        {
          title: 'Versions',
          description: 'Processes by version. Two of them are an upgrade under way.',
          unit: 'short',
          shown: 'areas',
          alert: 'HypershardVersionsDiffer',
          queries: [[sum('hypershard_build_info', 'process', 'version'), '{{process}} {{version}}']],
        },
        {
          title: 'Starts',
          description: 'How often each process has started in half an hour.',
          unit: 'short',
          alert: 'HypershardRestarts',
          queries: [[`changes(process_start_time_seconds${ours}[30m])`, '{{job}} {{instance}}']],
        },
        {
          title: 'Processes that are not ready',
          description: 'They live, and `/readyz` says what they lack. One that drains is among them.',
          unit: 'short',
          bad: 1,
          alert: 'HypershardNotReady',
          queries: [['count by (job) (hypershard_ready) - sum by (job) (hypershard_ready)', '{{job}}']],
        },
        {
          title: 'Certificates last',
          description: 'Until the first of them expires, by the setting that names its file.',
          unit: 's',
          lessIsWorse: true,
          doubtful: 604_800,
          bad: 259_200,
          alert: 'HypershardCertificateExpires',
          queries: [
            [
              'min by (job, setting) (hypershard_certificate_expires_timestamp_seconds - time())',
              '{{job}}: {{setting}}',
            ],
          ],
        },
        {
          title: 'Requests refused for who makes them',
          description: 'Without a valid API key, for what the key may not do, or beyond its limits; by HTTP and gRPC.',
          unit: 'reqps',
          queries: [
            [perSecond('hypershard_access_refused_total', 'transport', 'code'), '{{transport}}: {{code}}'],
            [perSecond('hypershard_access_failed_attempts_total'), 'keys that are not valid'],
          ],
        },
        {
          title: 'Age of the API keys',
          description: 'Since coordinators last read them: a key that was revoked since is still good.',
          unit: 's',
          doubtful: 10,
          bad: 3_600,
          queries: [[highest('hypershard_access_keys_age_seconds', 'instance'), '{{instance}}']],
        },
        {
          title: 'Lines of the audit log',
          description: 'What could not be written was not done: writes and administration are refused meanwhile.',
          unit: 'cps',
          queries: [[perSecond('hypershard_audit_lines_total', 'result'), '{{result}}']],
        },
        {
          title: 'gRPC calls by how they ended',
          description: 'Of the public port, health checks and reflection among them.',
          unit: 'reqps',
          shown: 'areas',
          queries: [[perSecond('hypershard_grpc_call_seconds_count', 'method', 'status'), '{{method}}: {{status}}']],
        },
        {
          title: 'Scoring kernels',
          description: 'Shard servers by what computes scores. Two kernels may differ in the last bits.',
          unit: 'short',
          shown: 'areas',
          alert: 'HypershardKernelsDiffer',
          queries: [[sum('hypershard_scoring_kernel_info', 'kernel'), '{{kernel}}']],
        },
      ],
    },
    {
      title: 'Shards',
      panels: [
        {
          title: 'Memory for segments in use',
          description: 'Of what each shard server may use. Beyond the limit it refuses shards.',
          unit: 'percentunit',
          max: 1,
          doubtful: 0.8,
          bad: 0.9,
          alert: 'HypershardMemoryNearLimit',
          queries: [['hypershard:shard_memory_used:ratio', '{{instance}}']],
        },
        {
          title: 'Memory for segments',
          description: 'Loaded, admitted (with those being loaded), and what there is in all.',
          unit: 'bytes',
          alert: 'HypershardMemoryNearLimit',
          queries: [
            [sum('hypershard_held_bytes'), 'loaded'],
            [sum('hypershard_admitted_bytes'), 'admitted'],
            [sum('hypershard_held_limit_bytes'), 'limit'],
          ],
        },
        {
          title: 'Segments in memory',
          description: 'By shard server. An even placement gives about even numbers.',
          unit: 'short',
          queries: [[sum('hypershard_held_segments', 'instance', 'state'), '{{instance}} {{state}}']],
        },
        {
          title: 'Moves and shards without room',
          description: 'Shards on their way to a server, and shards that fit into too few servers.',
          unit: 'short',
          bad: 1,
          alert: 'HypershardShardsUnplaced',
          queries: [
            [highest('hypershard_cluster_moves', 'state'), 'moves: {{state}}'],
            [highest('hypershard_cluster_unplaced_shards'), 'unplaced'],
          ],
        },
        {
          title: 'Segments loaded',
          description: 'A second, by how it ended: loaded, or an error code; `overloaded` did not fit.',
          unit: 'cps',
          alert: 'HypershardLoadsFail',
          queries: [[perSecond('hypershard_segment_loads_total', 'outcome'), '{{outcome}}']],
        },
        {
          title: 'How long loading takes, p95',
          description: 'A segment. With the bytes a second it tells how long a server takes to be whole.',
          unit: 's',
          queries: [[quantile(0.95, 'hypershard_segment_load_seconds', 'instance'), '{{instance}}']],
        },
        {
          title: 'Bytes loaded',
          description: 'A second, by shard server.',
          unit: 'binBps',
          queries: [[perSecond('hypershard_segment_loaded_bytes_total', 'instance'), '{{instance}}']],
        },
        {
          title: 'Draining',
          description: 'Shard servers that drain, and the coordinators that still need them.',
          unit: 'short',
          alert: 'HypershardDrainLong',
          queries: [
            [sum('hypershard_draining'), 'draining'],
            [sum('hypershard_needing_coordinators'), 'coordinators that need one'],
          ],
        },
        {
          title: 'Changes of the view',
          description: 'Every change places shards anew. Many of them are a server that comes and goes.',
          unit: 'short',
          queries: [['changes(hypershard_cluster_view_number[10m])', '{{instance}}, in ten minutes']],
        },
        {
          title: 'Indexes',
          description: 'Served, damaged, or without an encoder service that has their model.',
          unit: 'short',
          alert: 'HypershardIndexDamaged',
          queries: [
            [highest('hypershard_catalog_indexes', 'state'), '{{state}}'],
            [highest('hypershard_catalog_indexes_without_model'), 'without a model'],
          ],
        },
      ],
    },
    {
      title: 'Object store',
      panels: [
        {
          title: 'Requests by kind',
          description: 'A second. Of a bucket each is paid for.',
          unit: 'reqps',
          shown: 'areas',
          queries: [[perSecond('hypershard_store_requests_total', 'kind'), '{{kind}}']],
        },
        {
          title: 'Requests by how they ended',
          description: 'Error codes are failures.',
          unit: 'reqps',
          alert: 'HypershardStoreFails',
          queries: [[perSecond('hypershard_store_requests_total', 'job', 'outcome'), '{{job}}: {{outcome}}']],
        },
        {
          title: 'How long requests take, p99',
          description: 'By kind.',
          unit: 's',
          bad: 2,
          alert: 'HypershardStoreSlow',
          queries: [[quantile(0.99, 'hypershard_store_request_seconds', 'kind'), '{{kind}}']],
        },
        {
          title: 'Bytes read and written',
          description: 'A second.',
          unit: 'binBps',
          queries: [
            [perSecond('hypershard_store_read_bytes_total'), 'read'],
            [perSecond('hypershard_store_written_bytes_total'), 'written'],
          ],
        },
        {
          title: 'Lost races',
          description:
            'A second, by what was not created because another writer came first. A few are usual where several indexers or coordinators run.',
          unit: 'cps',
          alert: 'HypershardCommitsConflict',
          queries: [[perSecond('hypershard_store_conflicts_total', 'object'), '{{object}}']],
        },
        {
          title: 'Free on the disk',
          description: 'Of a store in a directory; a bucket does not say.',
          unit: 'percentunit',
          max: 1,
          lessIsWorse: true,
          doubtful: 0.2,
          bad: 0.1,
          alert: 'HypershardStoreFull',
          queries: [['hypershard_store_free_bytes / hypershard_store_size_bytes', '{{job}} {{instance}}']],
        },
      ],
    },
    {
      title: 'Processes',
      panels: [
        {
          title: 'Cores in use',
          description: 'Processor time a second.',
          unit: 'short',
          queries: [[`rate(process_cpu_seconds_total${ours}[$__rate_interval])`, '{{job}} {{instance}}']],
        },
        {
          title: 'Memory',
          description: 'What the system counts as resident.',
          unit: 'bytes',
          queries: [[`process_resident_memory_bytes${ours}`, '{{job}} {{instance}}']],
        },
        {
          title: 'Main thread held up, p99',
          description: 'How long until timers of 50 ms fire. Health checks wait as long.',
          unit: 's',
          bad: 0.25,
          alert: 'HypershardEventLoopBlocked',
          queries: [[`nodejs_eventloop_lag_p99_seconds${ours}`, '{{job}} {{instance}}']],
        },
        {
          title: 'Collecting garbage',
          description: 'The share of the time that the main thread spends on it.',
          unit: 'percentunit',
          queries: [[perSecond(`nodejs_gc_duration_seconds_sum${ours}`, 'job', 'instance'), '{{job}} {{instance}}']],
        },
        {
          title: 'Open files',
          description: 'Of what the process may open.',
          unit: 'percentunit',
          max: 1,
          bad: 0.9,
          alert: 'HypershardOpenFilesNearLimit',
          queries: [[`process_open_fds${ours} / process_max_fds${ours}`, '{{job}} {{instance}}']],
        },
        {
          title: 'Scoring threads, and how long a search call takes',
          description: 'Threads of all shard servers, and the mean of search calls in them.',
          unit: 'none',
          queries: [
            [sum('hypershard_scoring_threads'), 'threads'],
            [mean('hypershard_shard_search_seconds'), 'seconds a call'],
          ],
        },
      ],
    },
  ],
}
