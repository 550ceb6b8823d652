import { exactDifferencesMax } from '@hypershard/evaluation'
import { boldHeading } from '../commands/bold-heading.ts'
import { shorten, toPlainLine } from '../terminal/fit-text.ts'
import { formatCount, formatCountOf, formatDuration, formatRate } from '../terminal/format-number.ts'
import { renderTable } from '../terminal/render-table.ts'
import type { Output } from '../terminal/terminal.ts'
import type { ComparisonAnswer, EvaluationAnswer } from './evaluation-answer.ts'
import { renderNotices } from './render-notices.ts'

const queriesShownMax = 10
/** Longer ids are shortened: the text is what a reader looks for. */
const idWidthMax = 20

/** An evaluation for people: the metrics, the comparison if there is one, what was counted, and what to look at. */
export function renderEvaluation(answer: EvaluationAnswer, output: Output): string[] {
  const { comparison } = answer
  const lines = [output.style('bold', shorten(titleOf(answer), output.columns)), '']
  if (comparison === null) lines.push(...renderMetrics(answer, output))
  else lines.push(...renderComparison(comparison, output), ...renderQueries(answer, output))
  return [...lines, '', ...renderCounts(answer, output), ...renderNotices(answer, output)]
}

function titleOf({ index, from_run, limit, took_ms, counts }: EvaluationAnswer): string {
  const queries = formatCountOf(counts.queries_judged, 'judged query', 'judged queries')
  if (index === null) return `${from_run}: ${queries}`
  const asked = counts.queries_judged - (counts.queries_unknown ?? 0)
  const rate = took_ms === null || took_ms === 0 ? '' : ` (${formatRate((asked / took_ms) * 1_000)})`
  return `${index}: ${queries}, up to ${formatCountOf(limit ?? 0, 'hit')} each, in ${formatDuration(took_ms ?? 0)}${rate}`
}

function renderMetrics({ metrics }: EvaluationAnswer, output: Output): string[] {
  const lines = renderTable(
    [{ title: 'metric' }, { title: 'mean', align: 'right' }, { title: '95 % confidence', align: 'right' }],
    metrics.map(({ name, mean, interval: { low, high } }) => [
      name,
      mean.toFixed(4),
      `${low.toFixed(4)} to ${high.toFixed(4)}`,
    ]),
    output.columns,
  )
  return boldHeading(lines, output)
}

function renderComparison(comparison: ComparisonAnswer, output: Output): string[] {
  const lines = renderTable(
    [
      { title: 'metric' },
      ...['this', 'other', 'change', 'relative', 'p', 'wins', 'ties', 'losses'].map(title => ({
        title,
        align: 'right' as const,
      })),
    ],
    comparison.metrics.map(metric => [
      metric.name,
      metric.mean.toFixed(4),
      metric.other_mean.toFixed(4),
      signed(metric.difference, 4),
      metric.relative_difference === null ? 'n/a' : `${signed(100 * metric.relative_difference, 1)} %`,
      formatPValue(metric.p_value),
      formatCount(metric.wins),
      formatCount(metric.ties),
      formatCount(metric.losses),
    ]),
    output.columns,
  )
  const draws = `${formatCount(comparison.permutations)} permutations (seed ${comparison.seed})`
  const note = `p: two-sided paired randomisation test, ${draws}`
  const exact = comparison.metrics.some(metric => metric.exact)
  return [
    shorten(`other: ${toPlainLine(comparison.other)}`, output.columns),
    '',
    ...boldHeading(lines, output),
    output.style('dim', shorten(note, output.columns)),
    ...(exact ? [output.style('dim', `   exact where at most ${exactDifferencesMax} queries differ`)] : []),
  ]
}

/** The queries that changed most by the first metric, for the better and for the worse. */
function renderQueries({ queries, metrics }: EvaluationAnswer, output: Output): string[] {
  const name = metrics[0]!.name
  const changes = queries.map(query => ({ query, change: query.differences?.[name] ?? 0 }))
  const wins = changes.filter(({ change }) => change > 0).sort((a, b) => b.change - a.change)
  const losses = changes.filter(({ change }) => change < 0).sort((a, b) => a.change - b.change)
  const section = (title: string, rows: typeof changes) => {
    if (rows.length === 0) return []
    const shown = rows.slice(0, queriesShownMax)
    const lines = renderTable(
      [
        { title: `${title} by ${name}` },
        { title: 'this', align: 'right' },
        { title: 'other', align: 'right' },
        { title: 'change', align: 'right' },
        { title: 'query', flexible: true },
      ],
      shown.map(({ query, change }) => [
        shorten(toPlainLine(query.id), idWidthMax),
        query.values[name]!.toFixed(4),
        query.other_values![name]!.toFixed(4),
        signed(change, 4),
        query.text ?? '',
      ]),
      output.columns,
    )
    const more = rows.length - shown.length
    const rest =
      more === 0 ? [] : [output.style('dim', `and ${formatCount(more)} more; --per-query and --json have all`)]
    return ['', ...boldHeading(lines, output), ...rest]
  }
  return [...section('wins', wins), ...section('losses', losses)]
}

function renderCounts({ counts, comparison }: EvaluationAnswer, output: Output): string[] {
  const rows: [string, number | null][] = [
    ['judged queries', counts.queries_judged],
    ['judged queries without a relevant judgement', counts.queries_without_relevant],
    ['judged queries without hits', counts.queries_without_hits],
    ['judged queries that the queries file lacks', counts.queries_unknown],
    ['judged queries that failed', counts.queries_failed],
    ['queries longer than the model reads', counts.queries_truncated],
    ['queries with tokens that the model does not know', counts.queries_with_unknown_tokens],
    ['queries without judgements', counts.queries_not_judged],
    ['queries of the run without judgements', counts.run_queries_not_judged],
    ['judged queries without hits in the other run', comparison?.other_queries_without_hits ?? null],
    ['queries of the other run without judgements', comparison?.other_queries_not_judged ?? null],
    ['judgements', counts.judgements],
    ['judged documents', counts.documents_judged],
    ['judged documents that the corpus lacks', counts.documents_unknown],
    ['documents in the corpus', counts.documents_in_corpus],
    ['documents in the index', counts.documents_in_index],
    ['hits', counts.hits],
  ]
  const known = rows.filter((row): row is [string, number] => row[1] !== null)
  const lines = renderTable(
    [{ title: 'counted' }, { title: '', align: 'right' }],
    known.map(([name, count]) => [name, formatCount(count)]),
    output.columns,
  )
  return boldHeading(lines, output)
}

function signed(value: number, digits: number): string {
  const text = value.toFixed(digits)
  return value > 0 ? `+${text}` : text
}

function formatPValue(pValue: number): string {
  return pValue < 0.0001 ? '<0.0001' : pValue.toFixed(4)
}
