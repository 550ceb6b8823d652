import { open } from 'node:fs/promises'
import { HypershardError, toUserFileFailure } from '@hypershard/common'
import {
  checkRunQuery,
  countMissingDocuments,
  type Expression,
  type FileFacts,
  type Judgements,
  type Queries,
  type Run,
  readJudgements,
  readQueries,
  readRun,
} from '@hypershard/evaluation'
import type { EvaluationPlan } from './plan-evaluation.ts'

export interface EvaluationInputs {
  readonly judgements: Judgements
  readonly queries: Queries | undefined
  /** Those of the queries that are expressions. */
  readonly expressions: ReadonlyMap<string, Expression>
  /** Of the corpus, where there is one: its lines, and how many judged documents it lacks. */
  readonly corpus: { readonly documents: number; readonly missing: number } | undefined
  /** The run to judge, when no cluster is asked for it. */
  readonly run: Run | undefined
  /** The run to compare with. */
  readonly other: Run | undefined
  /** Of the files with judgements, queries and runs, in the order in which they were read. */
  readonly files: readonly FileFacts[]
}

/**
 * Reads all that the evaluation needs, and makes sure that its results can be written: nothing of this should come to
 * light after the queries were asked.
 * @throws HypershardError `invalid_request` for files that cannot be used or do not belong together
 */
export async function readInputs(plan: EvaluationPlan): Promise<EvaluationInputs> {
  const { source, judgementsPath, queriesPath, corpusPath, comparison } = plan
  const { judgements, facts } = await readJudgements(judgementsPath)
  const files = [facts]
  if (judgements.size === 0) throw new HypershardError('invalid_request', `${judgementsPath} has no judgements in it`)
  const asked = queriesPath === undefined ? undefined : await readQueries(queriesPath)
  if (asked !== undefined) files.push(asked.facts)
  const queries = asked?.queries
  if (queries !== undefined) checkOverlap(queries, judgements, queriesPath!, judgementsPath)
  const runOf = async (path: string) => {
    const { run, facts: ofRun } = await readRun(path)
    files.push(ofRun)
    checkOverlap(run, judgements, path, judgementsPath)
    return run
  }
  const inputs = {
    judgements,
    queries,
    expressions: asked?.expressions ?? new Map<string, Expression>(),
    run: source.kind === 'run' ? await runOf(source.path) : undefined,
    other: comparison === undefined ? undefined : await runOf(comparison.path),
    corpus: corpusPath === undefined ? undefined : await countMissingDocuments(corpusPath, judgements),
    files,
  }
  const runPath = source.kind === 'index' ? source.runPath : undefined
  if (runPath !== undefined) for (const id of judgements.keys()) checkRunQuery(id)
  for (const path of [runPath, plan.perQueryPath]) if (path !== undefined) await checkWritable(path)
  return inputs
}

/** Files of different collections share no query; their evaluation would be all zeros. */
function checkOverlap(
  ids: ReadonlyMap<string, unknown>,
  judgements: Judgements,
  path: string,
  judgementsPath: string,
): void {
  for (const id of judgements.keys()) if (ids.has(id)) return
  const message = `${path} has none of the queries that ${judgementsPath} judges; do the files belong together?`
  throw new HypershardError('invalid_request', message)
}

/** Opens the file without changing what it has. */
async function checkWritable(path: string): Promise<void> {
  try {
    await (await open(path, 'a')).close()
  } catch (error) {
    throw toUserFileFailure(path, 'write', error)
  }
}
