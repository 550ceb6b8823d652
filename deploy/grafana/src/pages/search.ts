import { mean, percentiles, perSecond, quantile, sum } from '../expressions.ts'
import type { Page } from '../page.ts'

/** A query's way: the door, encoding, fan-out, scoring, merge, texts. */
export const searchPage: Page = {
  name: 'search',
  title: 'hypershard: search',
  description: "A query's way through the cluster, stage by stage: which one takes the time, and which one fails.",
  rows: [
    {
      title: 'Whole searches',
      panels: [
        {
          title: 'Searches by plan',
          description: 'By the plan that was asked for; `auto` takes the cheapest that finds the recall asked for.',
          unit: 'reqps',
          shown: 'areas',
          queries: [[perSecond('hypershard_searches_total', 'plan'), '{{plan}}']],
        },
        {
          title: 'p99 by plan',
          description: 'An exact plan reads every document and may take long; the others should not.',
          unit: 's',
          alert: 'HypershardSearchesSlow',
          queries: [[quantile(0.99, 'hypershard_search_seconds', 'plan'), '{{plan}}']],
        },
        {
          title: 'Failed searches by code',
          description: 'Error codes of docs/errors.md, those that are the fault of the caller too.',
          unit: 'reqps',
          alert: 'HypershardSearchesFail',
          queries: [[perSecond('hypershard_searches_total{outcome!~"complete|partial"}', 'outcome'), '{{outcome}}']],
        },
        {
          title: 'Stages in the coordinator, p95',
          description:
            'wait: for its turn. encode: text to q-net. fan_out: shard servers. merge, fetch: putting the answer together. The highest line is where to look next.',
          unit: 's',
          alert: 'HypershardSearchesSlow',
          queries: [[quantile(0.95, 'hypershard_search_stage_seconds', 'stage'), '{{stage}}']],
        },
        {
          title: 'Stages in shard servers, p95',
          description: 'head: making the q-net of token states. queue: waiting for a thread. score: scoring documents.',
          unit: 's',
          alert: 'HypershardSearchesSlow',
          queries: [[quantile(0.95, 'hypershard_shard_search_stage_seconds', 'stage'), '{{stage}}']],
        },
        {
          title: 'Coverage',
          description: 'How many of the documents that searches should have covered were covered.',
          unit: 'percentunit',
          max: 1,
          lessIsWorse: true,
          doubtful: 0.9999,
          bad: 0.99,
          alert: 'HypershardSearchesPartial',
          queries: [['hypershard:search_coverage:ratio_rate5m', 'covered']],
        },
        {
          title: 'HTTP, p99 by route',
          description: 'Whole HTTP requests, with reading the request and sending the answer.',
          unit: 's',
          queries: [[quantile(0.99, 'hypershard_http_request_seconds', 'method', 'route'), '{{method}} {{route}}']],
        },
        {
          title: 'HTTP answers by status',
          description: '`gone` is a caller who left before the answer.',
          unit: 'reqps',
          shown: 'areas',
          queries: [[perSecond('hypershard_http_request_seconds_count', 'status'), '{{status}}']],
        },
        {
          title: 'Work that waits',
          description: 'By kind, of all processes that bound it. What comes on top of the limit is refused.',
          unit: 'short',
          alert: 'HypershardQueueNearlyFull',
          queries: [[sum('hypershard_work_waiting', 'work'), '{{work}}']],
        },
        {
          title: 'Work that is refused',
          description: 'A second, because too much waited. Callers see `overloaded`.',
          unit: 'cps',
          alert: 'HypershardWorkRefused',
          queries: [[perSecond('hypershard_work_refused_total', 'work'), '{{work}}']],
        },
      ],
    },
    {
      title: 'Fan-out',
      panels: [
        {
          title: 'Calls of shard servers',
          description: 'first: the usual call. retry: another had failed. hedge: another was late.',
          unit: 'reqps',
          queries: [[perSecond('hypershard_shard_call_seconds_count', 'reason', 'result'), '{{reason}}, {{result}}']],
        },
        {
          title: 'How long calls take, p95',
          description: 'By why they were made. A hedge that is much faster than a first call tells of one slow server.',
          unit: 's',
          queries: [[quantile(0.95, 'hypershard_shard_call_seconds', 'reason'), '{{reason}}']],
        },
        {
          title: 'Hedges',
          description:
            'Late calls that were made twice, those that won, and those that the budget of 5 % did not allow.',
          unit: 'cps',
          alert: 'HypershardHedgesSpent',
          queries: [
            [perSecond('hypershard_hedges_total'), 'made'],
            [perSecond('hypershard_hedges_won_total'), 'won'],
            [perSecond('hypershard_hedges_refused_total'), 'refused'],
          ],
        },
        {
          title: 'Shards that searches missed',
          description: 'A second, by why.',
          unit: 'cps',
          alert: 'HypershardShardsMissing',
          queries: [[perSecond('hypershard_search_missing_shards_total', 'code'), '{{code}}']],
        },
        {
          title: 'Searches of shards, by the plan really used',
          description: 'A second. What came to its end, and what a deadline, a caller or a failure cut short.',
          unit: 'cps',
          shown: 'areas',
          queries: [[perSecond('hypershard_shards_searched_total', 'plan', 'stop'), '{{plan}}, {{stop}}']],
        },
        {
          title: 'Search calls in shard servers, p99',
          description: 'As the shard server sees them. One server that is slower than the others is hot or ill.',
          unit: 's',
          queries: [[quantile(0.99, 'hypershard_shard_search_seconds', 'instance'), '{{instance}}']],
        },
      ],
    },
    {
      title: 'Scoring',
      panels: [
        {
          title: 'Documents a second',
          description:
            'Scored by the q-net, ranked by a tangent, or in segments that were walked. Scoring costs most by far.',
          unit: 'cps',
          queries: [
            [perSecond('hypershard_scored_documents_total'), 'scored'],
            [perSecond('hypershard_scanned_documents_total'), 'ranked by a tangent'],
            [perSecond('hypershard_walked_documents_total'), 'walked'],
          ],
        },
        {
          title: 'Floating-point operations',
          description: 'Of the q-nets that score documents. Where it no longer grows with the load, cores are full.',
          unit: 'flops',
          queries: [[perSecond('hypershard_scored_flops_total'), 'all shard servers']],
        },
        {
          title: 'Documents scored a search',
          description: 'What a search costs in shard servers.',
          unit: 'short',
          queries: [
            [
              `${perSecond('hypershard_search_scored_documents_total')} / (${perSecond('hypershard_searches_total')} > 0)`,
              'scored',
            ],
            [
              `${perSecond('hypershard_search_scanned_documents_total')} / (${perSecond('hypershard_searches_total')} > 0)`,
              'ranked by a tangent',
            ],
          ],
        },
        {
          title: 'Making q-nets of token states',
          description: 'In shard servers.',
          unit: 's',
          queries: percentiles('hypershard_qnet_seconds'),
        },
        {
          title: 'Selecting the rows of filters',
          description: 'In shard servers, where the rows were not known from before.',
          unit: 's',
          queries: percentiles('hypershard_filter_select_seconds'),
        },
        {
          title: 'Scores that are no number',
          description: 'A second. A model or a document vector overflows.',
          unit: 'cps',
          bad: 0.001,
          alert: 'HypershardNonFiniteScores',
          queries: [[perSecond('hypershard_non_finite_scores_total', 'instance'), '{{instance}}']],
        },
      ],
    },
    {
      title: 'Encoding',
      panels: [
        {
          title: 'Requests to encode',
          description: 'Queries and documents have a lane of their own.',
          unit: 'reqps',
          queries: [[perSecond('hypershard_encoder_requests_total', 'lane', 'outcome'), '{{lane}}, {{outcome}}']],
        },
        {
          title: 'How long they take, p95',
          description: 'With waiting for a batch.',
          unit: 's',
          queries: [[quantile(0.95, 'hypershard_encoder_request_seconds', 'lane'), '{{lane}}']],
        },
        {
          title: 'Texts that wait for their batch',
          description: 'Where it grows without end, more encoder services are needed.',
          unit: 'short',
          alert: 'HypershardQueueNearlyFull',
          queries: [[sum('hypershard_encoder_waiting_texts', 'lane'), '{{lane}}']],
        },
        {
          title: 'Texts of a batch',
          description: 'The mean. Larger batches are cheaper a text.',
          unit: 'short',
          queries: [[mean('hypershard_encoder_batch_texts', 'lane'), '{{lane}}']],
        },
        {
          title: 'Tokens that only fill batches up',
          description: 'The share of the tokens computed that belong to no text.',
          unit: 'percentunit',
          queries: [
            [
              `1 - ${perSecond('hypershard_encoder_tokens_total', 'lane')} / (${perSecond('hypershard_encoder_padded_tokens_total', 'lane')} > 0)`,
              '{{lane}}',
            ],
          ],
        },
        {
          title: 'Texts that nobody waited for any more',
          description: 'A second: the caller had gone, or the time was up.',
          unit: 'cps',
          queries: [[perSecond('hypershard_encoder_dropped_texts_total', 'lane'), '{{lane}}']],
        },
      ],
    },
    {
      title: 'What is kept',
      panels: [
        {
          title: 'Found in caches',
          description: 'The share of what was looked for.',
          unit: 'percentunit',
          max: 1,
          columns: 12,
          queries: [
            [
              `${perSecond('hypershard_cache_requests_total{result="hit"}', 'job', 'cache')} / (${perSecond('hypershard_cache_requests_total', 'job', 'cache')} > 0)`,
              '{{job}}: {{cache}}',
            ],
          ],
        },
        {
          title: 'Room of caches in use',
          description: 'Of what each may hold. A cache that is full and finds little is too small for what is asked.',
          unit: 'percentunit',
          max: 1,
          columns: 12,
          queries: [
            [
              `${sum('hypershard_cache_bytes', 'job', 'cache')} / (${sum('hypershard_cache_limit_bytes', 'job', 'cache')} > 0)`,
              '{{job}}: {{cache}}',
            ],
          ],
        },
      ],
    },
  ],
}
