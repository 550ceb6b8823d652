import { highest, percentiles, perSecond, sum } from '../expressions.ts'
import type { Page } from '../page.ts'

/** One look: are searches answered, are writes found, is anybody away. */
export const overviewPage: Page = {
  name: 'overview',
  title: 'hypershard: overview',
  description: 'Whether searches are answered, writes are found, and every process is there.',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Searches a second',
          description: 'Searches that have ended, whole, partial or failed.',
          unit: 'reqps',
          shown: 'number',
          queries: [['hypershard:searches:rate5m', '']],
        },
        {
          title: 'Failed searches',
          description: 'The share of searches that failed in five minutes by a fault of the cluster.',
          unit: 'percentunit',
          shown: 'number',
          doubtful: 0.001,
          bad: 0.01,
          alert: 'HypershardSearchesFail',
          queries: [['hypershard:searches_failed:ratio_5m', '']],
        },
        {
          title: 'Partial answers',
          description: 'The share of answers that did not cover all documents.',
          unit: 'percentunit',
          shown: 'number',
          doubtful: 0.001,
          bad: 0.01,
          alert: 'HypershardSearchesPartial',
          queries: [['hypershard:searches_partial:ratio_rate5m', '']],
        },
        {
          title: 'p99 of searches',
          description: '99 of 100 searches take less; exact plans are left out.',
          unit: 's',
          shown: 'number',
          doubtful: 0.5,
          bad: 1,
          alert: 'HypershardSearchesSlow',
          queries: [['hypershard:search_seconds:p99_rate5m', '']],
        },
        {
          title: 'Oldest write not found',
          description: 'How long the oldest acknowledged write has waited until searches find it.',
          unit: 's',
          shown: 'number',
          doubtful: 60,
          bad: 300,
          alert: 'HypershardLogGrows',
          queries: [['hypershard:log_waiting_seconds:max', '']],
        },
        {
          title: 'Documents',
          description: 'Documents that searches of all indexes can find.',
          unit: 'short',
          shown: 'number',
          queries: [[highest('hypershard_catalog_documents'), '']],
        },
      ],
    },
    {
      title: 'Searches',
      panels: [
        {
          title: 'Searches by how they ended',
          description: 'Complete, partial, or an error code of docs/errors.md.',
          unit: 'reqps',
          shown: 'areas',
          alert: 'HypershardSearchesFail',
          queries: [[perSecond('hypershard_searches_total', 'outcome'), '{{outcome}}']],
        },
        {
          title: 'How long searches take',
          description: 'Whole searches, from the door to the answer; exact plans are left out.',
          unit: 's',
          bad: 1,
          alert: 'HypershardSearchesSlow',
          queries: percentiles('hypershard_search_seconds{plan!="exact"}'),
        },
        {
          title: 'Failed searches, by window',
          description:
            'An alert goes off when a short and a long window are both beyond what the objective of 99.9 % allows: 1.4 % of an hour, 0.6 % of six.',
          unit: 'percentunit',
          doubtful: 0.006,
          bad: 0.0144,
          alert: 'HypershardSearchesFail',
          queries: [
            ['hypershard:searches_failed:ratio_5m', '5 minutes'],
            ['hypershard:searches_failed:ratio_1h', 'an hour'],
            ['hypershard:searches_failed:ratio_6h', '6 hours'],
            ['hypershard:searches_failed:ratio_3d', '3 days'],
          ],
        },
      ],
    },
    {
      title: 'Who is there',
      panels: [
        {
          title: 'Processes that answer Prometheus',
          description: 'By kind. One less is a process that is away, or that service discovery does not name.',
          unit: 'short',
          alert: 'HypershardProcessDown',
          queries: [[sum('up{job=~"hypershard-.+"}', 'job'), '{{job}}']],
        },
        {
          title: 'Shard servers, as coordinators see them',
          description: 'Live, draining, or down. Coordinators that disagree are told apart by the highest number.',
          unit: 'short',
          alert: 'HypershardServerDown',
          queries: [[highest('hypershard_cluster_shard_servers', 'state'), '{{state}}']],
        },
        {
          title: 'Shards that something is wrong with',
          description:
            'Shards that fit into too few servers, shards on their way, and shards that searches missed a second.',
          unit: 'short',
          bad: 1,
          alert: 'HypershardShardsUnplaced',
          queries: [
            [highest('hypershard_cluster_unplaced_shards'), 'unplaced'],
            [highest('hypershard_cluster_moves', 'state'), 'moves: {{state}}'],
            [perSecond('hypershard_search_missing_shards_total', 'code'), 'missed a second: {{code}}'],
          ],
        },
      ],
    },
    {
      title: 'Writes',
      panels: [
        {
          title: 'Writes by how they ended',
          description: 'Written, repeated, empty, or an error code of docs/errors.md.',
          unit: 'reqps',
          shown: 'areas',
          alert: 'HypershardWritesFail',
          queries: [[perSecond('hypershard_writes_total', 'outcome'), '{{outcome}}']],
        },
        {
          title: 'Writes that searches do not find yet',
          description: 'Of all indexes, and of the one that has most.',
          unit: 'short',
          alert: 'HypershardLogGrows',
          queries: [
            ['hypershard:log_waiting_documents:max', 'all indexes'],
            [highest('hypershard_log_waiting_documents_worst'), 'the one with most'],
          ],
        },
        {
          title: 'Documents indexed',
          description: 'Documents that became searchable, or were set aside because they could not be encoded.',
          unit: 'cps',
          alert: 'HypershardDocumentsSetAside',
          queries: [[perSecond('hypershard_indexed_documents_total', 'result'), '{{result}}']],
        },
      ],
    },
    {
      title: 'What it takes',
      panels: [
        {
          title: 'Cores in use',
          description: 'Processor time a second, by kind of process.',
          unit: 'short',
          shown: 'areas',
          queries: [[perSecond('process_cpu_seconds_total{job=~"hypershard-.+"}', 'job'), '{{job}}']],
        },
        {
          title: 'Memory',
          description: 'What the system counts as resident, by kind of process.',
          unit: 'bytes',
          shown: 'areas',
          queries: [[sum('process_resident_memory_bytes{job=~"hypershard-.+"}', 'job'), '{{job}}']],
        },
        {
          title: 'Main threads held up',
          description:
            'The p99 of how long until timers of 50 ms fire. Health checks wait as long; beyond a second a server counts as down.',
          unit: 's',
          bad: 0.25,
          alert: 'HypershardEventLoopBlocked',
          queries: [[highest('nodejs_eventloop_lag_p99_seconds{job=~"hypershard-.+"}', 'job'), '{{job}}']],
        },
      ],
    },
  ],
}
