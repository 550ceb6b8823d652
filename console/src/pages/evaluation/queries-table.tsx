import { useMemo, useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { SelectField } from '../../parts/fields.tsx'
import { Shown } from '../../parts/shown.tsx'
import type { LabQuery } from '../lab/expression-draft.ts'
import { labHref } from '../lab/lab-state.ts'
import type { AskedTexts } from './ask-index.ts'
import { DifferencesChart } from './differences-chart.tsx'
import type { JudgedKept, JudgedQuery } from './judge-kept.ts'
import type { KeptRun } from './kept-run.ts'
import { signed } from './metrics-table.tsx'

export interface QueriesTableProps {
  readonly judged: JudgedKept
  readonly run: KeptRun
  readonly other: KeptRun | undefined
  /** Those of the queries that are expressions. */
  readonly expressions: AskedTexts['expressions'] | undefined
}

const outcomes = ['all', 'wins', 'losses', 'ties'] as const
type Outcome = (typeof outcomes)[number]

/** How much of a query a row shows. */
const textCharactersMax = 160

/** Every judged query by one metric: of which the run is better or worse than the other, each opened in the lab. */
export function QueriesTable({ judged: { metrics, queries }, run, other, expressions }: QueriesTableProps) {
  const [chosen, choose] = useState(metrics[0]!.name)
  const [outcome, setOutcome] = useState<Outcome>('all')
  const at = Math.max(
    0,
    metrics.findIndex(({ name }) => name === chosen),
  )
  const metric = metrics[at]!.name
  const rows = useMemo(() => {
    const kept = queries.filter(query => outcome === 'all' || outcomeOf(query, at) === outcome)
    return kept.toSorted((a, b) => Math.abs(b.differences[at]!) - Math.abs(a.differences[at]!))
  }, [queries, outcome, at])
  return (
    <div class="stack">
      <div class="row apart">
        <div class="evaluation-metric">
          <SelectField
            label="Metric"
            value={metric}
            options={metrics.map(({ name }) => ({ value: name, label: name }))}
            onValue={choose}
          />
        </div>
        {other !== undefined && (
          <fieldset class="row evaluation-outcomes">
            <legend class="unseen">Which queries</legend>
            {outcomes.map(name => (
              <Button key={name} pressed={name === outcome} onClick={() => setOutcome(name)}>
                {name} {name === 'all' ? queries.length : queries.filter(query => outcomeOf(query, at) === name).length}
              </Button>
            ))}
          </fieldset>
        )}
      </div>
      {other !== undefined && <DifferencesChart metric={metric} queries={queries} at={at} />}
      <DataTable
        label={`Queries by ${metric}`}
        columns={columnsOf({ metric, at, run, other, expressions })}
        rows={rows}
        keyOf={({ id }) => id}
        empty="There is no such query."
      />
    </div>
  )
}

export function outcomeOf({ differences }: JudgedQuery, at: number): Exclude<Outcome, 'all'> {
  const difference = differences[at]!
  return difference > 0 ? 'wins' : difference < 0 ? 'losses' : 'ties'
}

function columnsOf({
  metric,
  at,
  run,
  other,
  expressions,
}: Pick<QueriesTableProps, 'run' | 'other' | 'expressions'> & {
  readonly metric: string
  readonly at: number
}): Column<JudgedQuery>[] {
  return [
    {
      name: 'query',
      title: 'Query',
      sortBy: ({ id }) => id,
      cell: ({ id, text }) => (
        <div class="evaluation-query">
          <span class="soft small">
            <Shown text={id} max={80} />
          </span>
          {text !== undefined && <Shown text={text} max={textCharactersMax} />}
        </div>
      ),
    },
    {
      name: 'this',
      title: metric,
      right: true,
      sortBy: ({ values }) => values[at]!,
      cell: ({ values }) => values[at]!.toFixed(4),
    },
    ...(other === undefined
      ? []
      : [
          {
            name: 'other',
            title: 'Other',
            right: true,
            sortBy: ({ others }: JudgedQuery) => others?.[at] ?? 0,
            cell: ({ others }: JudgedQuery) => (others?.[at] ?? 0).toFixed(4),
          },
          {
            name: 'change',
            title: 'Change',
            right: true,
            sortBy: ({ differences }: JudgedQuery) => differences[at]!,
            cell: (query: JudgedQuery) => (
              <span
                class={{ wins: 'evaluation-better', losses: 'evaluation-worse', ties: 'soft' }[outcomeOf(query, at)]}
              >
                {signed(query.differences[at]!)}
              </span>
            ),
          },
        ]),
    {
      name: 'lab',
      title: <span class="unseen">Open</span>,
      cell: ({ id, text }) => {
        const href = text === undefined ? undefined : hrefIn(expressions?.get(id) ?? text, run, other)
        return (
          href !== undefined && (
            <a href={href} aria-label={`Lab: ${id}`}>
              Lab
            </a>
          )
        )
      },
    },
  ]
}

/** Both searches side by side where both runs are of one index. */
export function hrefIn(query: LabQuery, { asked }: KeptRun, other: KeptRun | undefined): string | undefined {
  const own = asked ?? other?.asked
  if (own === undefined) return undefined
  const { index, settings: a, filter } = own
  const beside = other?.asked?.index === index && own !== other.asked ? { b: other.asked.settings } : {}
  return labHref({ index, query, a, filter, ...beside })
}
