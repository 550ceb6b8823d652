/**
 * A TREC run: six columns separated by white space, one hit a line.
 *
 * | column | read | written |
 * |---|---|---|
 * | query id | as it is | as it is |
 * | `Q0` | ignored | `Q0` |
 * | document id | as it is | as it is |
 * | rank | ignored, as trec_eval does | from 1 |
 * | score | decides the order | the shortest decimal that is read as the same number |
 * | tag | ignored | who made the run |
 *
 * Lines that begin with `#` are comments.
 */
import { HypershardError } from '@hypershard/common/browser'
import { type Run, type ScoredDocument, trecOrder } from '../runs/run.ts'
import { type FileFacts, FileTally } from './file-facts.ts'
import { forEachLine, LineProblem, type TextSource } from './for-each-line.ts'

const bounds = { lineCharactersMax: 8_192, linesMax: 10_000_000, comments: true }
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

export interface RunFile {
  readonly run: Run
  readonly facts: FileFacts
}

/**
 * Reads a run; the hits of each query come in the order in which trec_eval judges them.
 * @throws HypershardError `invalid_request` naming the file and the line
 */
export async function parseRun(source: TextSource): Promise<RunFile> {
  const scores = new Map<string, Map<string, number>>()
  const lines = new Map<string, Map<string, number>>()
  const tally = new FileTally()
  const skipped = await forEachLine(source, bounds, (line, number) => {
    const { query, document, score } = parseHit(line)
    const hits = scores.get(query) ?? new Map<string, number>()
    const linesOfQuery = lines.get(query) ?? new Map<string, number>()
    const before = hits.get(document)
    if (before === undefined) {
      scores.set(query, hits.set(document, score))
      lines.set(query, linesOfQuery.set(document, number))
    } else if (before === score) tally.duplicates++
    else {
      const earlier = `score ${before} in line ${linesOfQuery.get(document)} and ${score} here`
      throw new LineProblem(`document \`${document}\` has for query \`${query}\` ${earlier}; keep one`)
    }
  })
  const run = new Map([...scores].map(([query, hits]) => [query, trecOrder(toScored(hits))]))
  return { run, facts: tally.factsOf(source.path, skipped) }
}

/** @throws HypershardError `invalid_request` for an id that a TREC run cannot hold */
export function checkRunId(id: string): void {
  if (id !== '' && !/\s/.test(id)) return
  throw new HypershardError('invalid_request', `id \`${id}\` has white space in it, which a TREC run cannot hold`)
}

/** @throws HypershardError `invalid_request` for the id of a query that a TREC run cannot hold */
export function checkRunQuery(id: string): void {
  checkRunId(id)
  if (!id.startsWith('#')) return
  throw new HypershardError('invalid_request', `query id \`${id}\` begins with #, as a comment does in a TREC run`)
}

/**
 * The lines of one query at a time.
 * @param tag without white space
 * @throws HypershardError `invalid_request` when an id has white space
 */
export function* runLines(run: Run, tag: string): Generator<string> {
  for (const [query, hits] of run) {
    checkRunQuery(query)
    for (const { id } of hits) checkRunId(id)
    yield hits.map(({ id, score }, at) => `${query} Q0 ${id} ${at + 1} ${score} ${tag}\n`).join('')
  }
}

function parseHit(line: string): { query: string; document: string; score: number } {
  const columns = line.trim().split(/\s+/)
  if (columns.length !== 6) {
    throw new LineProblem('expected six columns: query id, Q0, document id, rank, score, tag')
  }
  const [query, , document, , score] = columns as [string, string, string, string, string, string]
  if (!decimal.test(score)) throw new LineProblem(`the score \`${score}\` is no decimal number`)
  return { query, document, score: Number(score) }
}

function toScored(hits: ReadonlyMap<string, number>): ScoredDocument[] {
  return [...hits].map(([id, score]) => ({ id, score }))
}
