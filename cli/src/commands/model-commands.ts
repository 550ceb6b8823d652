import { HypershardError } from '@hypershard/common'
import type { CrossEncoderDescription, ModelDescription } from '@hypershard/contract'
import type { Command } from 'commander'
import { formatBytes, formatCount } from '../terminal/format-number.ts'
import { renderPairs, renderTable } from '../terminal/render-table.ts'
import { boldHeading } from './bold-heading.ts'
import type { CommandContext } from './context.ts'

const languagesShownMax = 3

/** `hypershard model list|describe` */
export function addModelCommands(program: Command, context: CommandContext): void {
  const group = program.command('model').description('show the models that the cluster holds')
  group
    .command('list')
    .description('list the models; * marks the default')
    .addHelpText('after', '\nExamples:\n  hypershard model list\n  hypershard model list --json')
    .action(() => listModels(context))
  group
    .command('describe')
    .argument('[name]', "a model's name or digest (default: the default model)")
    .description('show one model')
    .addHelpText('after', '\nExamples:\n  hypershard model describe\n  hypershard model describe minilm-dense --json')
    .action((name: string | undefined) => describeModel(context, name))
}

async function listModels(context: CommandContext): Promise<void> {
  context.answer(await context.api().listModels(), ({ models, cross_encoders: crossEncoders }) => {
    const lines = renderTable(
      [
        { title: '' },
        { title: 'name', flexible: true },
        { title: 'q-net', flexible: true },
        { title: 'languages' },
        { title: 'parameters', align: 'right' },
        { title: 'size', align: 'right' },
        { title: 'digest' },
      ],
      [
        ...models.map((model, at) => [
          isDefault(model, at) ? '*' : '',
          model.name,
          qnetShape(model),
          languagesOf(model),
          formatCount(model.qnet_parameters),
          formatBytes(model.bytes),
          model.digest.slice(0, 12),
        ]),
        ...crossEncoders.map(crossEncoderRow),
      ],
      context.terminal.out.columns,
    )
    return boldHeading(lines, context.terminal.out)
  })
}

function crossEncoderRow(model: CrossEncoderDescription): string[] {
  const [size, digest] = [formatBytes(model.bytes), model.digest.slice(0, 12)]
  return ['', model.name, 'cross-encoder', languagesOf(model), '', size, digest]
}

async function describeModel(context: CommandContext, name: string | undefined): Promise<void> {
  const { models, cross_encoders: crossEncoders } = await context.api().listModels()
  const isNamed = (one: { readonly name: string; readonly digest: string }) => one.name === name || one.digest === name
  const model = name === undefined ? models.find(isDefault) : models.find(isNamed)
  const crossEncoder = model === undefined ? crossEncoders.find(isNamed) : undefined
  if (crossEncoder !== undefined) return describeCrossEncoder(context, crossEncoder)
  if (model === undefined) {
    throw new HypershardError('model_not_found', `the cluster holds no model \`${name ?? 'at all'}\``)
  }
  context.answer(model, () =>
    renderPairs(
      [
        ...aboutModel(model),
        ['document vector', `${model.vector_width} wide`],
        ['q-net', qnetDescription(model)],
        ['q-net parameters', formatCount(model.qnet_parameters)],
        ['query tokens', `at most ${formatCount(model.max_query_tokens)}`],
        ['document tokens', `at most ${formatCount(model.max_document_tokens)}`],
        ['size', formatBytes(model.bytes)],
      ],
      context.terminal.out.columns,
    ),
  )
}

function describeCrossEncoder(context: CommandContext, model: CrossEncoderDescription): void {
  context.answer(model, () =>
    renderPairs(
      [
        ...aboutModel(model),
        ['kind', 'cross-encoder: `search --rerank` takes it, and no index is made with it'],
        ['tokens', `at most ${formatCount(model.max_tokens)} of a query and a text together`],
        ['query tokens', `at most ${formatCount(model.max_query_tokens)}`],
        ['size', formatBytes(model.bytes)],
      ],
      context.terminal.out.columns,
    ),
  )
}

function aboutModel(model: ModelDescription | CrossEncoderDescription): [string, string][] {
  return [
    ['name', model.name],
    ['digest', model.digest],
    ['description', model.description],
    ['license', model.license],
    ['source', model.source],
    ['languages', model.languages.join(' ') || 'not told'],
  ]
}

/** A column's worth of them. */
function languagesOf({ languages }: Pick<ModelDescription, 'languages'>): string {
  const shown = languages.slice(0, languagesShownMax).join(' ')
  return languages.length > languagesShownMax ? `${shown} and ${languages.length - languagesShownMax} more` : shown
}

/** The first is the default where none says so. */
function isDefault(model: ModelDescription, at: number): boolean {
  return model.default ?? at === 0
}

/** The widths from the document vector to the score: `768 x 6 → 1`; `384 → 1` is an inner product. */
export function qnetShape(model: Pick<ModelDescription, 'qnet'>): string {
  const runs: { width: number; length: number }[] = []
  for (const width of model.qnet.vector_dimensions) {
    const last = runs.at(-1)
    if (last?.width === width) last.length++
    else runs.push({ width, length: 1 })
  }
  const widths = runs.map(({ width, length }) => (length === 1 ? `${width}` : `${width} x ${length}`))
  return widths.join(' → ')
}

function qnetDescription(model: ModelDescription): string {
  const { qnet } = model
  const parts = [qnetShape(model)]
  if (qnet.vector_dimensions.length > 2) {
    parts.push(qnet.activation ?? 'activation unknown')
    if (qnet.layer_norm) parts.push(`layer norm ${qnet.layer_norm_before_residual ? 'before' : 'after'} the residual`)
    if (qnet.residual) parts.push(qnet.residual_on_last ? 'residual on every layer' : 'residual but on the last layer')
  }
  return parts.join(', ')
}
