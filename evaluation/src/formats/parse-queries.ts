/**
 * Queries, in one of two forms that the first line tells apart:
 *
 * - BEIR JSONL: one object a line with `_id` (or `id`) and `text`, both strings; other keys are ignored. In the place of
 *   `text` may stand `query`: a text, or an expression as a search takes it.
 * - TSV: the id, a tab, the text.
 *
 * Lines that begin with `#` are comments.
 */
import { messageOf } from '@hypershard/common/browser'
import type { QueryNode } from '@hypershard/contract'
import { type FileFacts, FileTally } from './file-facts.ts'
import { forEachLine, LineProblem, type TextSource } from './for-each-line.ts'

/** The text of each query by its id, in the file's order; of an expression its JSON text. */
export type Queries = ReadonlyMap<string, string>

/** Of a composed query. */
export type Expression = Exclude<QueryNode, string>

export interface QueriesFile {
  readonly queries: Queries
  /** Those of the queries that are expressions, as they stand in the file: whoever asks them finds out what is wrong in them. */
  readonly expressions: ReadonlyMap<string, Expression>
  readonly facts: FileFacts
}

const bounds = { lineCharactersMax: 1024 * 1024, linesMax: 2_000_000, comments: true }

/**
 * A query without text is among them: whoever asks it finds out that it cannot be asked, and no other is harmed.
 * @throws HypershardError `invalid_request` naming the file and the line
 */
export async function parseQueries(source: TextSource): Promise<QueriesFile> {
  const queries = new Map<string, string>()
  const expressions = new Map<string, Expression>()
  const lines = new Map<string, number>()
  const tally = new FileTally()
  let parse: ((line: string) => Query) | undefined
  const skipped = await forEachLine(source, bounds, (line, number) => {
    parse ??= line.trimStart().startsWith('{') ? parseJson : parseTabs
    const { id, text, expression } = parse(line)
    const before = queries.get(id)
    if (before === text) tally.duplicates++
    else if (before !== undefined) {
      throw new LineProblem(`query \`${id}\` has another text than in line ${lines.get(id)}; keep one`)
    } else {
      queries.set(id, text)
      lines.set(id, number)
      if (expression !== undefined) expressions.set(id, expression)
    }
  })
  return { queries, expressions, facts: tally.factsOf(source.path, skipped) }
}

interface Query {
  readonly id: string
  readonly text: string
  readonly expression?: Expression
}

function parseJson(line: string): Query {
  const { _id, id = _id, query, text = query } = parseObject(line)
  const expression = typeof query === 'object' ? (query as Expression | null) : null
  if (expression !== null && text !== expression) throw new LineProblem('expected `text` or an expression, not both')
  if (typeof id === 'string' && expression !== null) return checked({ id, text: JSON.stringify(query), expression })
  if (typeof id === 'string' && typeof text === 'string') return checked({ id, text })
  throw new LineProblem('expected `{"_id": "…", "text": "…"}` with two strings, or `query` with an expression')
}

function parseObject(line: string): { _id?: unknown; id?: unknown; text?: unknown; query?: unknown } {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw new LineProblem(`not JSON as the first line is: ${messageOf(error)}`)
  }
  if (typeof value !== 'object' || value === null) throw new LineProblem('expected an object with `_id` and `text`')
  return value
}

function parseTabs(line: string): Query {
  const tab = line.indexOf('\t')
  if (tab < 0) throw new LineProblem('expected the id, a tab and the text, or JSON objects with `_id` and `text`')
  return checked({ id: line.slice(0, tab).trim(), text: line.slice(tab + 1).trim() })
}

function checked(query: Query): Query {
  if (query.id === '') throw new LineProblem('the query has no id')
  return query
}
