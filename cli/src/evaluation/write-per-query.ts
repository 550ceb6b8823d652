import { writeFile } from 'node:fs/promises'
import { toUserFileFailure } from '@hypershard/common'
import { toPlainLine } from '../terminal/fit-text.ts'
import type { EvaluationAnswer } from './evaluation-answer.ts'

/**
 * Writes one line a judged query, columns separated by tabs: `query_id`, each metric, with a comparison also
 * `<metric>.other` and `<metric>.difference`, and the `text`. Values have all their digits.
 * @throws HypershardError `invalid_request` when the file cannot be written
 */
export async function writePerQuery(path: string, { queries, metrics, comparison }: EvaluationAnswer): Promise<void> {
  const names = metrics.map(({ name }) => name)
  const kinds = comparison === null ? [''] : ['', '.other', '.difference']
  const heading = ['query_id', ...names.flatMap(name => kinds.map(kind => `${name}${kind}`)), 'text']
  const rows = queries.map(({ id, text, values, other_values, differences }) => [
    toPlainLine(id),
    ...names.flatMap(name =>
      [values[name], other_values?.[name], differences?.[name]].filter(value => value !== undefined).map(String),
    ),
    toPlainLine(text ?? ''),
  ])
  try {
    await writeFile(path, [heading, ...rows].map(row => `${row.join('\t')}\n`).join(''))
  } catch (error) {
    throw toUserFileFailure(path, 'write', error)
  }
}
