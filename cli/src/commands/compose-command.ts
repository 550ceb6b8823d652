import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HypershardError, toUserFileFailure } from '@hypershard/common'
import {
  beirFiles,
  type ComposedQuery,
  type CompositionKind,
  composeJudged,
  compositionKinds,
  type Queries,
  readJudgements,
  readQueries,
} from '@hypershard/evaluation'
import type { Command } from 'commander'
import { formatCount, formatCountOf } from '../terminal/format-number.ts'
import type { CommandContext } from './context.ts'
import { wholeNumberIn } from './parse-option.ts'

const countDefault = 500
const countMax = 100_000
const piecesMax = 16
const seedDefault = 1
const splitDefault = 'test'

interface ComposeOptions extends Partial<Record<CompositionKind, number>> {
  readonly data?: string
  readonly split?: string
  readonly queries?: string
  readonly qrels?: string
  readonly count?: number
  readonly seed?: number
}

/** `hypershard compose` */
export function addComposeCommand(program: Command, context: CommandContext): void {
  const pieces = wholeNumberIn(2, piecesMax)
  program
    .command('compose')
    .argument('<folder>', 'where to write queries.jsonl and qrels/test.tsv')
    .description('make a test set of composed queries from queries with relevance judgements')
    .option('--data <folder>', 'a collection in BEIR layout: queries.jsonl, qrels')
    .option('--split <name>', `which judgements of --data: qrels/<name>.tsv (default: ${splitDefault})`)
    .option('--queries <file>', 'JSONL with "_id" and "text", or id<TAB>text')
    .option('--qrels <file>', 'judgements: TREC with four columns, or BEIR TSV with its header')
    .option('--any <n>', 'one of so many queries that share no relevant document', pieces)
    .option('--all <n>', 'so many queries together that share a relevant document', pieces)
    .option('--not <n>', 'the first of so many queries, without what the others have in common with it', pieces)
    .option('--count <n>', `how many to make (default: ${countDefault})`, wholeNumberIn(1, countMax))
    .option('--seed <n>', `of the draws (default: ${seedDefault})`, wholeNumberIn(0, 2 ** 32 - 1))
    .addHelpText(
      'after',
      `
Relevant to --any is what is relevant to one of the queries, by its highest
grade; to --all what is relevant to each, by its lowest; to --not what is
relevant to the first and to no other.

Examples:
  hypershard compose either --data cranfield --any 2
  hypershard eval papers --queries either/queries.jsonl --qrels either/qrels/test.tsv`,
    )
    .action((folder: string, options: ComposeOptions) => compose(context, folder, options))
}

async function compose(context: CommandContext, folder: string, options: ComposeOptions): Promise<void> {
  const kinds = compositionKinds.filter(kind => options[kind] !== undefined)
  if (kinds.length !== 1) refuse('say how queries are composed with one of --any, --all and --not')
  const kind = kinds[0]!
  const pieces = options[kind]!
  const { count = countDefault, seed = seedDefault } = options
  const { queriesPath, judgementsPath } = filesOf(options)
  const { queries } = await readQueries(queriesPath)
  const { judgements } = await readJudgements(judgementsPath)
  const composed = composeJudged({ queries, judgements }, { kind, pieces, count, seed })
  const files = await write(folder, composed, { kind, queries })
  const made = new Set(composed.flatMap(({ pieces: ids }) => ids)).size
  const answer = {
    folder,
    ...files,
    kind,
    pieces,
    seed,
    queries: composed.length,
    queries_wanted: count,
    made_of: made,
  }
  context.answer(answer, () => [
    `${formatCountOf(composed.length, 'composed query', 'composed queries')} of ${formatCount(made)} in ${folder}`,
    ...(composed.length < count ? [`the judgements gave no more; ${formatCount(count)} were wanted`] : []),
  ])
}

function filesOf({ data, split, queries, qrels }: ComposeOptions) {
  if (data !== undefined) {
    if (queries !== undefined || qrels !== undefined) refuse('--data has queries and judgements: leave out the others')
    return beirFiles(data, split ?? splitDefault)
  }
  if (split !== undefined) refuse('--split belongs to --data')
  if (queries === undefined || qrels === undefined) refuse('give --data, or --queries and --qrels')
  return { queriesPath: queries, judgementsPath: qrels }
}

async function write(
  folder: string,
  composed: readonly ComposedQuery[],
  { kind, queries }: { readonly kind: CompositionKind; readonly queries: Queries },
) {
  const expressionOf = expressions[kind]
  const lines = composed.map(({ id, pieces }) => {
    const query = expressionOf(pieces.map(piece => queries.get(piece)!))
    return `${JSON.stringify({ _id: id, query, made_of: pieces })}\n`
  })
  const judged = composed.flatMap(({ id, grades }) =>
    [...grades].map(([document, at]) => `${id}\t${document}\t${at}\n`),
  )
  const paths = { queries_file: join(folder, 'queries.jsonl'), qrels_file: join(folder, 'qrels', 'test.tsv') }
  try {
    await mkdir(join(folder, 'qrels'), { recursive: true })
    await writeFile(paths.queries_file, lines.join(''))
    await writeFile(paths.qrels_file, ['query-id\tcorpus-id\tscore\n', ...judged].join(''))
  } catch (error) {
    throw toUserFileFailure(folder, 'write', error)
  }
  return paths
}

/** Of texts, as a search takes it. */
const expressions: Readonly<Record<CompositionKind, (texts: readonly string[]) => object>> = {
  any: any => ({ any }),
  all: all => ({ all }),
  not: ([first, ...others]) => ({ all: [first, ...others.map(not => ({ not }))] }),
}

function refuse(message: string): never {
  throw new HypershardError('invalid_request', message)
}
