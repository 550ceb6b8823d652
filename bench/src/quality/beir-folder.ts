import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Queries and judgements of a collection in BEIR's layout. */
export interface Judged {
  /** Only queries with a judgement in the split. */
  readonly queries: readonly { readonly id: string; readonly text: string }[]
  /** By query, the grade of each judged document. */
  readonly judgements: ReadonlyMap<string, ReadonlyMap<string, number>>
}

/** Reads `queries.jsonl` and `qrels/<split>.tsv`. */
export async function readJudged(folder: string, split: string): Promise<Judged> {
  const judgements = new Map<string, Map<string, number>>()
  const rows = (await readLines(join(folder, 'qrels', `${split}.tsv`))).slice(1)
  for (const row of rows) {
    const [query, document, grade] = row.split('\t')
    if (query === undefined || document === undefined || grade === undefined) throw new Error(`qrels: "${row}"`)
    const grades = judgements.get(query) ?? new Map<string, number>()
    judgements.set(query, grades.set(document, Number(grade)))
  }
  const all = (await readLines(join(folder, 'queries.jsonl'))).map(
    line => JSON.parse(line) as { _id: string; text: string },
  )
  const queries = all.filter(({ _id }) => judgements.has(_id)).map(({ _id: id, text }) => ({ id, text }))
  return { queries, judgements }
}

async function readLines(path: string): Promise<string[]> {
  return (await readFile(path, 'utf8')).split('\n').filter(line => line.trim() !== '')
}

/** nDCG as trec_eval has it: the grade is the gain, discounted by log2(rank + 1); grades below 0 count as 0. */
export function ndcg(ranked: readonly string[], grades: ReadonlyMap<string, number>, depth: number): number {
  const gain = (values: readonly number[]) =>
    values.slice(0, depth).reduce((sum, grade, rank) => sum + Math.max(0, grade) / Math.log2(rank + 2), 0)
  const best = gain([...grades.values()].sort((a, b) => b - a))
  return best === 0 ? 0 : gain(ranked.map(id => grades.get(id) ?? 0)) / best
}
