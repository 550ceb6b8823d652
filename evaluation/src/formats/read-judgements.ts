/**
 * Relevance judgements, in one of two forms that the first line tells apart:
 *
 * - TREC: four columns separated by white space: query id, a column that is ignored, document id, grade.
 * - BEIR: the header `query-id<TAB>corpus-id<TAB>score`, then these three columns separated by tabs.
 *
 * A grade is a whole number; above 0 is relevant, 0 and below is not.
 */
import { forEachLine, LineProblem } from './for-each-line.ts'

/** By query, in the file's order, the grade of each judged document. */
export type Judgements = ReadonlyMap<string, ReadonlyMap<string, number>>

const bounds = { lineCharactersMax: 8_192, linesMax: 10_000_000 }
const header = /^query-id\tcorpus-id\tscore\s*$/i
/** Nine digits hold every grade that anyone gave, and sums of their gains stay exact. */
const wholeNumber = /^[+-]?\d{1,9}$/

/** @throws HypershardError `invalid_request` naming the file and the line */
export async function readJudgements(path: string): Promise<Judgements> {
  const judgements = new Map<string, Map<string, number>>()
  let split: ((line: string) => readonly string[]) | undefined
  await forEachLine(path, bounds, line => {
    if (split === undefined && header.test(line)) {
      split = splitTabs
      return
    }
    split ??= splitSpace
    const [query, document, grade] = split(line) as [string, string, string]
    if (!wholeNumber.test(grade)) throw new LineProblem(`the grade \`${grade}\` is no whole number`)
    const grades = judgements.get(query) ?? new Map<string, number>()
    if (grades.has(document)) {
      throw new LineProblem(`document \`${document}\` is judged for query \`${query}\` a second time; keep one`)
    }
    judgements.set(query, grades.set(document, Number(grade)))
  })
  return judgements
}

/** The ids of all judged documents, each once. */
export function judgedDocuments(judgements: Judgements): Set<string> {
  const documents = new Set<string>()
  for (const grades of judgements.values()) for (const id of grades.keys()) documents.add(id)
  return documents
}

function splitTabs(line: string): string[] {
  const columns = line.split('\t').map(column => column.trim())
  if (columns.length === 3 && !columns.includes('')) return columns
  throw new LineProblem('expected three columns separated by tabs: query id, document id, grade')
}

function splitSpace(line: string): string[] {
  const columns = line.trim().split(/\s+/)
  if (columns.length === 4) return [columns[0]!, columns[2]!, columns[3]!]
  throw new LineProblem(
    'expected four columns (query id, iteration, document id, grade), ' +
      'or a file that begins with the header `query-id<TAB>corpus-id<TAB>score`',
  )
}
