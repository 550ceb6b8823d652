import type { SearchRequest } from '@hypershard/contract'
import type { FailedQuery, RecallMeasured } from '@hypershard/evaluation'
import { boldHeading } from '../commands/bold-heading.ts'
import type { FileAnswer } from '../evaluation/evaluation-answer.ts'
import { failureNotices, fileNotices } from '../evaluation/render-notices.ts'
import { shorten, toPlainLine, wrap } from '../terminal/fit-text.ts'
import { formatCount, formatCountOf, formatDuration } from '../terminal/format-number.ts'
import { renderTable } from '../terminal/render-table.ts'
import type { Output } from '../terminal/terminal.ts'

const queriesShownMax = 10
const idWidthMax = 20
const noticeLinesMax = 4

/** What `hypershard recall --json` prints. */
export interface RecallAnswer extends RecallMeasured {
  readonly index: string
  readonly k: number
  /** How documents were found. */
  readonly request: Omit<SearchRequest, 'query' | 'k'>
  /** Queries that cannot be asked; they are left out. */
  readonly failures: readonly FailedQuery[]
  /** The queries' file, and what of it was skipped. */
  readonly files: readonly FileAnswer[]
}

/** Recall for people: how much was found, what either way costs, and the queries that lack most. */
export function renderRecall(answer: RecallAnswer, output: Output): string[] {
  const title = `${answer.index}: ${queriesOf(answer.queries)}, ${formatCountOf(answer.k, 'hit')} each, ${howOf(answer)}`
  return [
    output.style('bold', shorten(title, output.columns)),
    '',
    ...renderFound(answer, output),
    '',
    ...renderCosts(answer, output),
    ...renderWorst(answer, output),
    ...renderNotices(answer, output),
  ]
}

/** As the command line has it. */
function howOf({ request }: RecallAnswer): string {
  const words = Object.entries(request).map(([name, value]) => {
    return `--${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`
  })
  return toPlainLine(words.join(' '))
}

function queriesOf(count: number): string {
  return formatCountOf(count, 'query', 'queries')
}

function isOrAre(count: number): string {
  return count === 1 ? 'is' : 'are'
}

function renderFound(answer: RecallAnswer, output: Output): string[] {
  const { k, recall, standard_error: error, queries_whole: whole, queries_lost: lost } = answer
  const none = 'n/a'
  const rows = [
    [`recall@${k}`, recall?.toFixed(4) ?? none],
    ['standard error', error?.toFixed(4) ?? none],
    ['queries that find all', formatCount(whole)],
    ['queries that find none', formatCount(lost)],
  ]
  const lines = renderTable(
    [{ title: 'of what exact scoring finds' }, { title: '', align: 'right' }],
    rows,
    output.columns,
  )
  return boldHeading(lines, output)
}

function renderCosts(answer: RecallAnswer, output: Output): string[] {
  const lines = renderTable(
    [{ title: 'a query' }, { title: 'this', align: 'right' }, { title: 'exact', align: 'right' }],
    [
      ['shard servers, median', formatDuration(answer.fan_out_ms), formatDuration(answer.exact_fan_out_ms)],
      ['documents scored, mean', ...[answer.documents_scored, answer.exact_documents_scored].map(formatMean)],
    ],
    output.columns,
  )
  return boldHeading(lines, output)
}

function formatMean(value: number): string {
  return formatCount(Math.round(value))
}

function renderWorst({ per_query }: RecallAnswer, output: Output): string[] {
  const lacking = per_query.filter(({ hits, found }) => found < hits)
  if (lacking.length === 0) return []
  const shown = lacking.slice(0, queriesShownMax)
  const lines = renderTable(
    [{ title: 'lack most' }, { title: 'found', align: 'right' }, { title: 'query', flexible: true }],
    shown.map(({ id, text, hits, found }) => [
      shorten(toPlainLine(id), idWidthMax),
      `${found} of ${hits}`,
      toPlainLine(text ?? ''),
    ]),
    output.columns,
  )
  const more = lacking.length - shown.length
  return ['', ...boldHeading(lines, output), ...(more === 0 ? [] : [`and ${formatCount(more)} more; --json has all`])]
}

function renderNotices(answer: RecallAnswer, output: Output): string[] {
  const { manifest_versions: versions, queries_without_hits: without, queries_truncated: truncated } = answer
  const { queries_with_unknown_tokens: unread } = answer
  const notices: string[] = []
  if (without > 0) notices.push(`${queriesOf(without)} without hits ${isOrAre(without)} left out`)
  if (truncated > 0)
    notices.push(`${queriesOf(truncated)} ${truncated === 1 ? 'was' : 'were'} longer than the model reads`)
  if (unread > 0) notices.push(`the model does not know some tokens of ${queriesOf(unread)}`)
  if (versions.length > 1) {
    const [first, last] = [versions.at(0), versions.at(-1)]
    notices.push(
      `the index changed meanwhile: searches saw versions ${first} to ${last} of it; what is missing may have been put after a query was asked first`,
    )
  }
  const failed = answer.failures.length
  if (failed > 0) notices.push(`${queriesOf(failed)} could not be asked and ${isOrAre(failed)} left out`)
  notices.push(...fileNotices(answer.files))
  const lines = [
    ...notices.flatMap(notice => wrap(toPlainLine(notice), output.columns, noticeLinesMax)),
    ...failureNotices(answer.failures, output),
  ]
  return lines.length === 0 ? [] : ['', ...lines.map(line => output.style('yellow', line))]
}
