import { type Column, DataTable } from '../../parts/data-table.tsx'
import { Notice } from '../../parts/notice.tsx'
import { toldCount, toldMs, toldShare } from '../../parts/numbers.ts'
import { Shown } from '../../parts/shown.tsx'
import { labHref } from '../lab/lab-state.ts'
import type { MeasuredRecall } from './use-evaluation.ts'

type QueryRecall = MeasuredRecall['per_query'][number]

/** Of what exact scoring finds, what the plan finds, what either costs, and the queries that lack most. */
export function RecallResult({ measured }: { readonly measured: MeasuredRecall }) {
  const { recall, standard_error: error, index, told, k, failures } = measured
  const lacking = measured.per_query.filter(({ found, hits }) => found < hits)
  return (
    <section class="panel" aria-labelledby="recall-title">
      <h2 id="recall-title">
        Recall of <Shown text={told} /> in <Shown text={index} max={80} />
      </h2>
      <dl class="facts">
        <dt>recall@{k}</dt>
        <dd class="number">
          <strong>{recall === null ? 'no query has hits' : recall.toFixed(4)}</strong>
          {error !== null && ` ± ${error.toFixed(4)} (standard error)`}
        </dd>
        <dt>queries</dt>
        <dd class="number">
          {toldCount(measured.queries)}; {toldCount(measured.queries_whole)} find all,{' '}
          {toldCount(measured.queries_lost)} find none
        </dd>
        <dt>documents scored a query</dt>
        <dd class="number">
          {toldCount(Math.round(measured.documents_scored))} of {toldCount(Math.round(measured.exact_documents_scored))}{' '}
          ({toldShare(measured.documents_scored / Math.max(1, measured.exact_documents_scored))})
        </dd>
        <dt>at the shard servers, median</dt>
        <dd class="number">
          {toldMs(measured.fan_out_ms)}, exact {toldMs(measured.exact_fan_out_ms)}
        </dd>
      </dl>
      {failures.length > 0 && (
        <Notice tone="warn">{toldCount(failures.length)} queries could not be asked and are left out.</Notice>
      )}
      {measured.manifest_versions.length > 1 && (
        <Notice tone="warn">
          The index changed meanwhile: what is missing may have been put after a query was asked first.
        </Notice>
      )}
      {lacking.length > 0 && (
        <DataTable label="Queries that lack most" columns={columnsOf(measured)} rows={lacking} keyOf={({ id }) => id} />
      )}
    </section>
  )
}

function columnsOf({ index, expressions }: MeasuredRecall): Column<QueryRecall>[] {
  return [
    {
      name: 'query',
      title: 'Query',
      cell: ({ id, text }) => <Shown text={text ?? id} max={160} />,
    },
    {
      name: 'found',
      title: 'Found',
      right: true,
      sortBy: ({ found, hits }) => found / hits,
      cell: ({ found, hits }) => `${found} of ${hits}`,
    },
    {
      name: 'lab',
      title: <span class="unseen">Open</span>,
      cell: ({ id, text }) =>
        text !== null && (
          <a href={labHref({ index, query: expressions.get(id) ?? text })} aria-label={`Lab: ${id}`}>
            Lab
          </a>
        ),
    },
  ]
}
