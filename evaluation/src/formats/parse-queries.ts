/**
 * Queries, in one of two forms that the first line tells apart:
 *
 * - BEIR JSONL: one object a line with `_id` (or `id`) and `text`, both strings; other keys are ignored.
 * - TSV: the id, a tab, the text.
 *
 * Lines that begin with `#` are comments.
 */
import { messageOf } from '@hypershard/common/browser'
import { type FileFacts, FileTally } from './file-facts.ts'
import { forEachLine, LineProblem, type TextSource } from './for-each-line.ts'

/** The text of each query by its id, in the file's order. */
export type Queries = ReadonlyMap<string, string>

export interface QueriesFile {
  readonly queries: Queries
  readonly facts: FileFacts
}

const bounds = { lineCharactersMax: 1024 * 1024, linesMax: 2_000_000, comments: true }

/**
 * A query without text is among them: whoever asks it finds out that it cannot be asked, and no other is harmed.
 * @throws HypershardError `invalid_request` naming the file and the line
 */
export async function parseQueries(source: TextSource): Promise<QueriesFile> {
  const queries = new Map<string, string>()
  const lines = new Map<string, number>()
  const tally = new FileTally()
  let parse: ((line: string) => Query) | undefined
  const skipped = await forEachLine(source, bounds, (line, number) => {
    parse ??= line.trimStart().startsWith('{') ? parseJson : parseTabs
    const { id, text } = parse(line)
    const before = queries.get(id)
    if (before === text) tally.duplicates++
    else if (before !== undefined) {
      throw new LineProblem(`query \`${id}\` has another text than in line ${lines.get(id)}; keep one`)
    } else {
      queries.set(id, text)
      lines.set(id, number)
    }
  })
  return { queries, facts: tally.factsOf(source.path, skipped) }
}

interface Query {
  readonly id: string
  readonly text: string
}

function parseJson(line: string): Query {
  const { _id, id = _id, text } = parseObject(line)
  if (typeof id !== 'string' || typeof text !== 'string') {
    throw new LineProblem('expected `{"_id": "…", "text": "…"}` with two strings')
  }
  return checked({ id, text })
}

function parseObject(line: string): { _id?: unknown; id?: unknown; text?: unknown } {
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
