/** A collection in BEIR's layout (Thakur et al., 2021): `corpus.jsonl`, `queries.jsonl`, `qrels/<split>.tsv`. */
import { join } from 'node:path'
import { findTextFile, messageOf } from '@hypershard/common'
import { forEachLine, LineProblem } from './for-each-line.ts'
import { type Judgements, judgedDocuments } from './parse-judgements.ts'
import type { Queries } from './parse-queries.ts'
import { readJudgements, readQueries, textFile } from './read-files.ts'

const corpusBounds = { lineCharactersMax: 16 * 1024 * 1024, linesMax: 1_000_000_000, comments: false }

export interface BeirFiles {
  readonly corpusPath: string
  readonly queriesPath: string
  readonly judgementsPath: string
}

/** The collection's files, plain or packed: `corpus.jsonl`, else `corpus.jsonl.gz` and the like. */
export function beirFiles(folder: string, split: string): BeirFiles {
  return {
    corpusPath: findTextFile(join(folder, 'corpus.jsonl')),
    queriesPath: findTextFile(join(folder, 'queries.jsonl')),
    judgementsPath: findTextFile(join(folder, 'qrels', `${split}.tsv`)),
  }
}

/** Queries of all splits, and the judgements of one. */
export async function readBeirFolder(
  folder: string,
  split: string,
): Promise<{ queries: Queries; judgements: Judgements }> {
  const { queriesPath, judgementsPath } = beirFiles(folder, split)
  const { queries } = await readQueries(queriesPath)
  const { judgements } = await readJudgements(judgementsPath)
  return { queries, judgements }
}

/**
 * Compares judgements with a corpus. The corpus is read through once and not held.
 * @returns how many lines the corpus has, and how many judged documents are in none of them
 */
export async function countMissingDocuments(
  corpusPath: string,
  judgements: Judgements,
): Promise<{ documents: number; missing: number }> {
  const missing = judgedDocuments(judgements)
  let documents = 0
  await forEachLine(textFile(corpusPath), corpusBounds, line => {
    documents++
    missing.delete(documentId(line))
  })
  return { documents, missing: missing.size }
}

function documentId(line: string): string {
  try {
    const { _id, id = _id } = JSON.parse(line) as { _id?: unknown; id?: unknown }
    if (typeof id === 'string') return id
  } catch (error) {
    throw new LineProblem(`not a JSON object: ${messageOf(error)}`)
  }
  throw new LineProblem('the document has no `_id`')
}
