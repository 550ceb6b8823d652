import { highest, perSecond, quantile, sum } from '../expressions.ts'
import type { Page } from '../page.ts'

/** A document's way: the log, jobs, encoding, commits, merging. */
export const indexingPage: Page = {
  name: 'indexing',
  title: 'hypershard: indexing',
  description: "A document's way from the write to where searches find it, and the work in the background.",
  rows: [
    {
      title: 'Writes',
      panels: [
        {
          title: 'Writes by how they ended',
          description: 'Written, repeated (an idempotency key that is known), empty, or an error code.',
          unit: 'reqps',
          shown: 'areas',
          alert: 'HypershardWritesFail',
          queries: [[perSecond('hypershard_writes_total', 'outcome'), '{{outcome}}']],
        },
        {
          title: 'Documents written',
          description: 'A second. Refused are lines that are no valid document.',
          unit: 'cps',
          queries: [[perSecond('hypershard_write_documents_total', 'result'), '{{result}}']],
        },
        {
          title: 'Stages of writes, p95',
          description:
            'append: until the write is durable. searchable: until searches find it, for who waits for that.',
          unit: 's',
          queries: [[quantile(0.95, 'hypershard_write_stage_seconds', 'stage'), '{{stage}}']],
        },
      ],
    },
    {
      title: 'From the log to searches',
      panels: [
        {
          title: 'Writes that searches do not find yet',
          description: 'Where it grows, more is written than is indexed.',
          unit: 'short',
          alert: 'HypershardLogGrows',
          queries: [
            ['hypershard:log_waiting_documents:max', 'all indexes'],
            [highest('hypershard_log_waiting_documents_worst'), 'the one with most'],
          ],
        },
        {
          title: 'How long the oldest has waited',
          description: 'A few seconds while single documents are written, longer during a bulk load.',
          unit: 's',
          bad: 300,
          alert: 'HypershardIndexingStands',
          queries: [['hypershard:log_waiting_seconds:max', 'the oldest']],
        },
        {
          title: 'Documents indexed',
          description:
            'A second: searchable now, or set aside because they could not be encoded. Beside them what encoder services did for it: where that is much more, work is done twice.',
          unit: 'cps',
          alert: 'HypershardDocumentsSetAside',
          queries: [
            [perSecond('hypershard_indexed_documents_total', 'result'), '{{result}}'],
            [perSecond('hypershard_indexer_encoded_documents_total'), 'encoded'],
          ],
        },
        {
          title: 'Commits',
          description: 'A second, by kind of job; overtaken are those that another indexer had made already.',
          unit: 'cps',
          alert: 'HypershardCommitsConflict',
          queries: [
            [perSecond('hypershard_commits_total', 'kind'), '{{kind}}'],
            [perSecond('hypershard_commits_overtaken_total', 'kind'), '{{kind}}, overtaken'],
          ],
        },
        {
          title: 'How long commits take, p95',
          description: 'Writing segments and committing them.',
          unit: 's',
          queries: [[quantile(0.95, 'hypershard_commit_seconds', 'kind'), '{{kind}}']],
        },
        {
          title: 'Documents that are set aside',
          description: 'All there are. `hypershard aside <index>` lists them with the reasons.',
          unit: 'short',
          alert: 'HypershardDocumentsSetAside',
          queries: [[highest('hypershard_catalog_aside_documents'), 'set aside']],
        },
      ],
    },
    {
      title: 'Jobs',
      panels: [
        {
          title: 'Jobs by how they ended',
          description: 'A second. Done, ended (nobody needs it, or a stop), or an error code.',
          unit: 'cps',
          alert: 'HypershardJobsFail',
          queries: [[perSecond('hypershard_jobs_total', 'kind', 'outcome'), '{{kind}}, {{outcome}}']],
        },
        {
          title: 'How long jobs run, p95',
          description: 'One ends after a minute, so that others get their turn.',
          unit: 's',
          queries: [[quantile(0.95, 'hypershard_job_seconds', 'kind'), '{{kind}}']],
        },
        {
          title: 'Jobs that run, wait and fail',
          description: 'Failing are those whose last try failed; each is tried again later.',
          unit: 'short',
          bad: 1,
          alert: 'HypershardJobsFail',
          queries: [
            [sum('hypershard_jobs_running', 'kind'), 'running: {{kind}}'],
            [highest('hypershard_jobs_waiting', 'lane'), 'waiting: {{lane}}'],
            [highest('hypershard_jobs_failing'), 'failing'],
          ],
        },
      ],
    },
    {
      title: 'In the background',
      panels: [
        {
          title: 'Segments merged',
          description: 'A second, and the neighbour graphs that were built for large ones.',
          unit: 'cps',
          queries: [
            [perSecond('hypershard_compacted_segments_total'), 'merged'],
            [perSecond('hypershard_built_graphs_total'), 'graphs built'],
          ],
        },
        {
          title: 'Segments of all indexes',
          description: 'Many small ones make searches slower; merging keeps them few.',
          unit: 'short',
          queries: [[highest('hypershard_catalog_segments'), 'segments']],
        },
        {
          title: 'Files deleted',
          description: 'A second: objects of the store that nothing needs any more.',
          unit: 'cps',
          queries: [[perSecond('hypershard_collected_files_total'), 'deleted']],
        },
      ],
    },
    {
      title: 'Encoding documents',
      panels: [
        {
          title: 'Documents encoded',
          description: 'A second, by encoder service.',
          unit: 'cps',
          queries: [[perSecond('hypershard_encoder_texts_total{lane="document"}', 'instance'), '{{instance}}']],
        },
        {
          title: 'How long batches run, p95',
          description: 'By lane.',
          unit: 's',
          queries: [[quantile(0.95, 'hypershard_encoder_batch_seconds', 'lane'), '{{lane}}']],
        },
        {
          title: 'Documents that wait to be encoded',
          description: 'In encoder services.',
          unit: 'short',
          alert: 'HypershardQueueNearlyFull',
          queries: [[sum('hypershard_encoder_waiting_texts{lane="document"}', 'instance'), '{{instance}}']],
        },
      ],
    },
  ],
}
