/**
 * Relevance judgements, in one of two forms that the first line tells apart:
 *
 * - TREC: four columns separated by white space: query id, a column that is ignored, document id, grade.
 * - BEIR: the header `query-id<TAB>corpus-id<TAB>score`, then these three columns separated by tabs. Where the header has
 *   spaces in place of tabs, so have the lines.
 *
 * Lines that begin with `#` are comments. A grade is a whole number, which may be written as `1.0`; above 0 is relevant, 0
 * and below is not.
 */
import { type FileFacts, FileTally } from './file-facts.ts'
import { forEachLine, LineProblem, type TextSource } from './for-each-line.ts'

/** By query, in the file's order, the grade of each judged document. */
export type Judgements = ReadonlyMap<string, ReadonlyMap<string, number>>

export interface JudgementsFile {
  readonly judgements: Judgements
  readonly facts: FileFacts
}

const bounds = { lineCharactersMax: 8_192, linesMax: 10_000_000, comments: true }
const header = /^query-id\s+corpus-id\s+score$/i
/** Nine digits hold every grade that anyone gave, and sums of their gains stay exact. */
const wholeNumber = /^[+-]?\d{1,9}(\.0*)?$/

/** @throws HypershardError `invalid_request` naming the file and the line */
export async function parseJudgements(source: TextSource): Promise<JudgementsFile> {
  const judgements = new Map<string, Map<string, number>>()
  const lines = new Map<string, Map<string, number>>()
  const tally = new FileTally()
  let split: ((line: string) => readonly string[]) | undefined
  const skipped = await forEachLine(source, bounds, (line, number) => {
    if (split === undefined && header.test(line.trim())) {
      split = line.includes('\t') ? splitTabs : splitThree
      return
    }
    split ??= splitFour
    const [query, document, written] = split(line) as [string, string, string]
    const grade = gradeOf(written)
    const grades = judgements.get(query) ?? new Map<string, number>()
    const before = grades.get(document)
    const linesOfQuery = lines.get(query) ?? new Map<string, number>()
    if (before === undefined) {
      judgements.set(query, grades.set(document, grade))
      lines.set(query, linesOfQuery.set(document, number))
      if (written.includes('.')) tally.gradesNormalised++
      if (grade < 0) tally.gradesBelowZero++
    } else if (before === grade) tally.duplicates++
    else {
      const earlier = `grade ${before} in line ${linesOfQuery.get(document)} and ${grade} here`
      throw new LineProblem(`document \`${document}\` has for query \`${query}\` ${earlier}; keep one`)
    }
  })
  return { judgements, facts: tally.factsOf(source.path, skipped) }
}

/** The ids of all judged documents, each once. */
export function judgedDocuments(judgements: Judgements): Set<string> {
  const documents = new Set<string>()
  for (const grades of judgements.values()) for (const id of grades.keys()) documents.add(id)
  return documents
}

function gradeOf(written: string): number {
  if (!wholeNumber.test(written)) throw new LineProblem(`the grade \`${written}\` is no whole number`)
  // No grade is -0, which is equal to 0 and looks different.
  return Number(written) + 0
}

function splitTabs(line: string): string[] {
  const columns = line
    .trimEnd()
    .split('\t')
    .map(column => column.trim())
  if (columns.length === 3 && !columns.includes('')) return columns
  throw new LineProblem('expected three columns separated by tabs: query id, document id, grade')
}

function splitThree(line: string): string[] {
  const columns = line.trim().split(/\s+/)
  if (columns.length === 3) return columns
  throw new LineProblem('expected three columns, separated as in the header: query id, document id, grade')
}

function splitFour(line: string): string[] {
  const columns = line.trim().split(/\s+/)
  if (columns.length === 4) return [columns[0]!, columns[2]!, columns[3]!]
  throw new LineProblem(
    'expected four columns (query id, iteration, document id, grade), ' +
      'or a file that begins with the header `query-id<TAB>corpus-id<TAB>score`',
  )
}
