import { createInterface } from 'node:readline/promises'
import { HypershardError } from '@hypershard/common'
import {
  type AnalyzerName,
  analyzers,
  type FieldDescriptions,
  fieldTypes,
  type IndexDescription,
  type IndexRequest,
  indexDefaults,
  passageDefaults,
  passageOverlapMax,
  type QNetShape,
  replicasMax,
  shardsAskedMax,
  vectorWidthMax,
} from '@hypershard/contract'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { formatCount, formatCountOf, formatShare } from '../terminal/format-number.ts'
import { renderPairs, renderTable } from '../terminal/render-table.ts'
import { boldHeading } from './bold-heading.ts'
import type { CommandContext } from './context.ts'
import { jsonObject, share, wholeNumberIn } from './parse-option.ts'

const createExamples = `
Examples:
  hypershard index create papers
  hypershard index create manuals --passages 0.25
  hypershard index create papers --lexical english
  hypershard index create papers --field year:number --field tags:keyword[]
  hypershard index create papers --shards 8 --replicas 2
  hypershard index create papers --model minilm-dense --json
  hypershard index create own --vectors 384
  hypershard index create own --vectors 384 --scorer '{"vector_dimensions":[384,64,1]}'`

/** `hypershard index create|list|describe|delete` */
export function addIndexCommands(program: Command, context: CommandContext): void {
  const group = program.command('index').description('create, list, describe and delete indexes')
  group
    .command('create')
    .argument('<name>', '1 to 64 of a-z 0-9 - _, starting with a letter or digit')
    .description('create an empty index')
    .option('--model <name>', "a model's name or digest (default: the cluster's default model)")
    .option(
      '--shards <n>',
      `into how many parts documents are divided (default: ${indexDefaults.shards})`,
      wholeNumberIn(1, shardsAskedMax),
    )
    .option(
      '--replicas <n>',
      `how many servers may answer for each shard (default: ${indexDefaults.replicas})`,
      wholeNumberIn(1, replicasMax),
    )
    .option(
      '--field <name:type>',
      `a field that searches can filter by: ${oneOf(fieldTypes)}, with [] for lists; repeat it for more`,
      addField,
    )
    .option(
      '--passages [overlap]',
      `of texts that are cut, the share of a passage that the next may repeat (default: ${passageDefaults.overlap})`,
      overlapShare,
    )
    .option('--no-passages', 'of longer texts only the beginning is searched')
    .option(
      '--vectors <width>',
      'no model: documents come with vectors of so many numbers, and searches with a vector or a q-net',
      wholeNumberIn(1, vectorWidthMax),
    )
    .option('--scorer <shape>', 'with --vectors, the shape of the q-nets as JSON (default: inner product)', jsonObject)
    .addOption(lexicalOption())
    .addHelpText('after', createExamples)
    .action((name: string, options: CreateOptions) => createIndex(context, name, options))
  group
    .command('list')
    .description('list the indexes')
    .addHelpText('after', '\nExamples:\n  hypershard index list\n  hypershard index list --json')
    .action(() => listIndexes(context))
  group
    .command('describe')
    .argument('<name>')
    .description('show one index')
    .addHelpText('after', '\nExamples:\n  hypershard index describe papers\n  hypershard index describe papers --json')
    .action((name: string) => describeIndex(context, name))
  group
    .command('delete')
    .argument('<name>')
    .description('delete an index and all its documents')
    .option('--yes', 'do not ask')
    .option('--with-aliases', 'delete its aliases too; an index that has some is kept otherwise')
    .addHelpText(
      'after',
      '\nAsks first on a terminal; elsewhere --yes is needed.\n\nExamples:\n  hypershard index delete papers\n  hypershard index delete papers --yes',
    )
    .action((name: string, options: DeleteOptions) => deleteIndex(context, name, options))
}

function lexicalOption(): Option {
  const says =
    'keep words too, for searches with --hybrid: simple, or the language whose inflected forms count as one word'
  return new Option('--lexical <analyzer>', says).choices(analyzers)
}

interface CreateOptions {
  readonly model?: string
  readonly shards?: number
  readonly replicas?: number
  readonly field?: FieldDescriptions
  /** True without a number, false where it is not wanted. */
  readonly passages?: number | boolean
  readonly vectors?: number
  readonly scorer?: Record<string, unknown>
  readonly lexical?: AnalyzerName
}

function overlapShare(text: string): number {
  const overlap = share(text)
  if (overlap <= passageOverlapMax) return overlap
  throw new InvalidArgumentError(`It must be a number from 0 to ${passageOverlapMax}.`)
}

function passagesOf(passages: number | boolean): false | { readonly overlap?: number } {
  if (typeof passages === 'number') return { overlap: passages }
  return passages && {}
}

async function createIndex(context: CommandContext, name: string, options: CreateOptions): Promise<void> {
  const { field: fields, passages, lexical: analyzer, vectors: width, scorer, ...settings } = options
  const cut = passages !== undefined && { passages: passagesOf(passages) }
  const own = externalOf({ width, scorer, model: settings.model })
  const kept = analyzer && { lexical: { analyzer } }
  const request = { name, ...settings, ...(fields && { fields }), ...cut, ...kept, ...own }
  context.answer(await context.api().createIndex(request), index => [
    `created index ${index.name}: ${shardsOf(index)}, ${own === undefined ? `model ${index.model.name}` : 'no model'}`,
    own === undefined
      ? `  put documents with: npx hypershard documents put ${index.name} <file.jsonl | folder>`
      : `  put documents with: npx hypershard documents put ${index.name} <file.jsonl> --vectors <file.npy>`,
  ])
}

interface ExternalOptions {
  readonly width: number | undefined
  readonly scorer: Record<string, unknown> | undefined
  readonly model: string | undefined
}

/** What an index without a model is asked for with. */
function externalOf({ width, scorer, model }: ExternalOptions): Pick<IndexRequest, 'model' | 'vectors'> | undefined {
  if (width === undefined) {
    if (scorer !== undefined)
      throw new HypershardError('invalid_request', '--scorer: only with --vectors; leave it out')
    return undefined
  }
  if (model !== undefined) throw new HypershardError('invalid_request', '--model: not with --vectors; leave one out')
  return { model: 'external', vectors: { width, ...(scorer && { scorer: scorer as unknown as QNetShape }) } }
}

async function listIndexes(context: CommandContext): Promise<void> {
  context.answer(await context.api().listIndexes(), ({ indexes }) => {
    if (indexes.length === 0) return ['no indexes yet; `npx hypershard index create <name>` makes one']
    const lines = renderTable(
      [
        { title: 'name', flexible: true },
        { title: 'model', flexible: true },
        { title: 'shards', align: 'right' },
        { title: 'replicas', align: 'right' },
        { title: 'documents', align: 'right' },
        { title: 'created' },
      ],
      indexes.map(index => [
        index.name,
        index.model.name,
        `${index.shards}`,
        `${index.replicas}`,
        formatCount(index.documents),
        index.created_at.slice(0, 10),
      ]),
      context.terminal.out.columns,
    )
    return boldHeading(lines, context.terminal.out)
  })
}

async function describeIndex(context: CommandContext, name: string): Promise<void> {
  context.answer(await context.api().describeIndex(name), index =>
    renderPairs(
      [
        ['name', index.name],
        ['model', `${index.model.name}  ${index.model.digest}`],
        ['shards', `${index.shards}`],
        ['replicas', `${index.replicas}`],
        ['fields', fieldsOf(index)],
        ['passages', index.passages === undefined ? 'none' : `cut, overlap ${index.passages.overlap}`],
        ['words', index.lexical === undefined ? 'not kept' : `kept, analyzer ${index.lexical.analyzer}`],
        ['documents', formatCount(index.documents)],
        ['  longer than the model reads', formatCount(index.documents_truncated)],
        ['  that the model cannot read', formatCount(index.documents_unreadable)],
        ['  that could not be encoded', formatCount(index.documents_aside)],
        ['unknown tokens', index.unknown_token_share === null ? 'n/a' : formatShare(index.unknown_token_share)],
        ['segments', formatCount(index.segments)],
        ['generation', `${index.generation}`],
        ['manifest version', `${index.manifest_version}`],
        ['searchable writes', `up to ${index.sequence}`],
        ['created', index.created_at],
      ],
      context.terminal.out.columns,
    ),
  )
}

interface DeleteOptions {
  readonly yes?: boolean
  readonly withAliases?: boolean
}

async function deleteIndex(context: CommandContext, name: string, options: DeleteOptions): Promise<void> {
  if (!options.yes && !(await confirmDelete(context, name))) {
    throw new HypershardError('cancelled', `index \`${name}\` was not deleted`)
  }
  await context.api().deleteIndex(name, options.withAliases)
  context.answer({ deleted: name }, () => [`deleted index ${name}`])
}

/** @throws HypershardError `invalid_request` where nobody can be asked */
async function confirmDelete(context: CommandContext, name: string): Promise<boolean> {
  const { stdin, stderr } = context.surroundings
  if (stdin.isTTY !== true || stderr.isTTY !== true) {
    throw new HypershardError('invalid_request', `deleting index \`${name}\` needs --yes where nobody can be asked`)
  }
  const index = await context.api().describeIndex(name)
  const question = `delete index ${name} with its ${formatCountOf(index.documents, 'document')}? [y/N] `
  const lines = createInterface({ input: stdin, output: stderr })
  try {
    return /^y(es)?$/i.test((await lines.question(question)).trim())
  } catch (error) {
    // Ctrl-C at the question is an answer too.
    if (!(error instanceof Error && error.name === 'AbortError')) throw error
    stderr.write('\n')
    return false
  } finally {
    lines.close()
  }
}

/** Options of the same kind add up. */
function addField(text: string, before: FieldDescriptions = {}): FieldDescriptions {
  const [, name, given, list] = /^([A-Za-z0-9_.-]+):(\w+)(\[\])?$/.exec(text) ?? []
  const type = fieldTypes.find(known => known === given)
  if (name !== undefined && type !== undefined) return { ...before, [name]: { type, list: list !== undefined } }
  throw new InvalidArgumentError('It must be name:type, such as year:number or tags:keyword[].')
}

/** `a, b or c` */
function oneOf(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

function fieldsOf({ fields }: IndexDescription): string {
  const described = Object.entries(fields).map(([name, { type, list }]) => `${name}:${type}${list ? '[]' : ''}`)
  return described.length === 0 ? 'none' : described.join(' ')
}

function shardsOf(index: IndexDescription): string {
  const shards = formatCountOf(index.shards, 'shard')
  return index.replicas === 1 ? shards : `${shards} x ${index.replicas} replicas`
}
