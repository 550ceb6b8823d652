import type { FailedQuery } from '@hypershard/evaluation'
import { shorten, toPlainLine, wrap } from '../terminal/fit-text.ts'
import { formatCount, formatCountOf } from '../terminal/format-number.ts'
import type { Output } from '../terminal/terminal.ts'
import type { EvaluationAnswer, FileAnswer } from './evaluation-answer.ts'

const failuresShownMax = 10
const noticeLinesMax = 4

/** What makes the means mean something else than a reader may think. */
export function renderNotices(answer: EvaluationAnswer, output: Output): string[] {
  const lines = noticesOf(answer).flatMap(notice => wrap(toPlainLine(notice), output.columns, noticeLinesMax))
  const notices = [...lines, ...failureNotices(answer.failures, output)].map(line => output.style('yellow', line))
  return notices.length === 0 ? [] : ['', ...notices]
}

/** The first queries that failed, a line each. */
export function failureNotices(failures: readonly FailedQuery[], output: Output): string[] {
  const lines = failures.slice(0, failuresShownMax).map(({ query, code, message }) => {
    return shorten(toPlainLine(`failed: query ${query}: ${code}: ${message}`), output.columns)
  })
  const more = failures.length - lines.length
  return more > 0 ? [...lines, `and ${formatCount(more)} more failed; --json lists all`] : lines
}

/** What was not taken word for word of a file; nothing for one that was. */
export function fileNotices(files: readonly FileAnswer[]): string[] {
  return files.flatMap(file => {
    const skipped = [
      ...(file.comment_lines > 0 ? [formatCountOf(file.comment_lines, 'comment line')] : []),
      ...(file.blank_lines > 0 ? [formatCountOf(file.blank_lines, 'blank line')] : []),
      ...(file.duplicates > 0
        ? [formatCountOf(file.duplicates, 'line that stands twice', 'lines that stand twice')]
        : []),
    ]
    return [
      ...(skipped.length > 0 ? [`${file.path}: skipped ${skipped.join(', ')}`] : []),
      ...(file.grades_normalised > 0
        ? [
            `${file.path}: ${formatCountOf(file.grades_normalised, 'grade')} with a point, as 1.0, taken as whole numbers`,
          ]
        : []),
      ...(file.grades_below_zero > 0
        ? [`${file.path}: ${formatCountOf(file.grades_below_zero, 'grade')} below 0, taken as not relevant`]
        : []),
    ]
  })
}

function noticesOf({ counts, manifest_versions, comparison, files }: EvaluationAnswer): string[] {
  const count = (number: number | null) => formatCount(number ?? 0)
  const inCorpus = counts.documents_in_corpus ?? counts.documents_in_index
  const inIndex = counts.documents_in_index ?? inCorpus
  const notices: [boolean, string][] = [
    [
      (counts.queries_failed ?? 0) > 0,
      `${count(counts.queries_failed)} of ${count(counts.queries_judged)} queries failed and count as 0: the means are too low`,
    ],
    [
      (counts.queries_unknown ?? 0) > 0,
      `the queries file lacks ${count(counts.queries_unknown)} of the judged queries; they count as 0`,
    ],
    [
      counts.queries_without_relevant > 0,
      `${count(counts.queries_without_relevant)} judged queries have nothing relevant to find; they count as 0`,
    ],
    [
      (counts.documents_unknown ?? 0) > 0,
      `the corpus lacks ${count(counts.documents_unknown)} of the judged documents; no run can find them`,
    ],
    [
      (counts.queries_with_unknown_tokens ?? 0) > 0,
      `the model does not know some tokens of ${count(counts.queries_with_unknown_tokens)} queries; \`hypershard model list\` tells its languages`,
    ],
    [
      inCorpus !== inIndex,
      `the corpus has ${count(inCorpus)} documents and the index ${count(inIndex)}; is the index made of this corpus?`,
    ],
    [
      manifest_versions.length > 1,
      `documents were put meanwhile: queries saw versions ${manifest_versions.at(0)} to ${manifest_versions.at(-1)} of the index`,
    ],
    [
      (comparison?.other_queries_without_hits ?? 0) > counts.queries_without_hits,
      `the other run lacks ${count(comparison?.other_queries_without_hits ?? 0)} of the judged queries; they count as 0 there`,
    ],
  ]
  return [...notices.filter(([applies]) => applies).map(([, text]) => text), ...fileNotices(files)]
}
