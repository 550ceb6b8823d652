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
 */
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { HypershardError, messageOf } from '@hypershard/common'
import { type Run, type ScoredDocument, trecOrder } from '../runs/run.ts'
import { forEachLine, LineProblem } from './for-each-line.ts'

const bounds = { lineCharactersMax: 8_192, linesMax: 10_000_000 }
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

/**
 * Reads a run; the hits of each query come in the order in which trec_eval judges them.
 * @throws HypershardError `invalid_request` naming the file and the line
 */
export async function readRun(path: string): Promise<Run> {
  const scores = new Map<string, Map<string, number>>()
  await forEachLine(path, bounds, line => {
    const columns = line.trim().split(/\s+/)
    if (columns.length !== 6) {
      throw new LineProblem('expected six columns: query id, Q0, document id, rank, score, tag')
    }
    const [query, , document, , score] = columns as [string, string, string, string, string, string]
    if (!decimal.test(score)) throw new LineProblem(`the score \`${score}\` is no decimal number`)
    const hits = scores.get(query) ?? new Map<string, number>()
    if (hits.has(document)) throw new LineProblem(`document \`${document}\` of query \`${query}\` stands here again`)
    scores.set(query, hits.set(document, Number(score)))
  })
  return new Map([...scores].map(([query, hits]) => [query, trecOrder(toScored(hits))]))
}

/**
 * Writes a run over whatever the file had.
 * @param tag without white space
 * @throws HypershardError `invalid_request` when an id has white space or the file cannot be written
 */
export async function writeRun(path: string, run: Run, tag: string): Promise<void> {
  try {
    await pipeline(Readable.from(runLines(run, tag)), createWriteStream(path))
  } catch (error) {
    if (error instanceof HypershardError) throw error
    throw new HypershardError('invalid_request', `cannot write ${path}: ${messageOf(error)}`, { cause: error })
  }
}

/** @throws HypershardError `invalid_request` for an id that a TREC run cannot hold */
export function checkRunId(id: string): void {
  if (id !== '' && !/\s/.test(id)) return
  throw new HypershardError('invalid_request', `id \`${id}\` has white space in it, which a TREC run cannot hold`)
}

/** The lines of one query at a time. */
function* runLines(run: Run, tag: string): Generator<string> {
  for (const [query, hits] of run) {
    checkRunId(query)
    for (const { id } of hits) checkRunId(id)
    yield hits.map(({ id, score }, at) => `${query} Q0 ${id} ${at + 1} ${score} ${tag}\n`).join('')
  }
}

function toScored(hits: ReadonlyMap<string, number>): ScoredDocument[] {
  return [...hits].map(([id, score]) => ({ id, score }))
}
