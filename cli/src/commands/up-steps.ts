import { relative } from 'node:path'
import type { HypershardClient } from '@hypershard/client'
import type { IndexWithoutModel } from '@hypershard/contract'
import type { LocalCluster } from '@hypershard/local-cluster'
import { fillSampleIndex, type SampleSearch, searchSample } from '../sample/run-sample.ts'
import { formatCountOf, formatDuration } from '../terminal/format-number.ts'
import { ProgressDisplay } from '../terminal/progress.ts'
import type { Steps } from '../terminal/steps.ts'
import type { Output } from '../terminal/terminal.ts'
import { renderUnserved } from './cluster-command.ts'
import type { CommandContext } from './context.ts'
import { qnetShape } from './model-commands.ts'
import { renderHits } from './render-search.ts'

/** A sample hit shows one line of its text: three searches fit on a screen. */
const samplePassageLines = 1

/** Names the models that the encoder service holds. */
export async function showModels(api: HypershardClient, steps: Steps): Promise<void> {
  const startMs = performance.now()
  steps.begin('models')
  const { models } = await api.listModels()
  const names = models.map(model => `${model.name}, ${qnetShape(model)}`)
  steps.done('models', names.join('; '), performance.now() - startMs)
}

/** Says which indexes cannot be searched with these models. */
export async function showUnserved(
  context: CommandContext,
  api: HypershardClient,
): Promise<readonly IndexWithoutModel[]> {
  const { indexes_without_model: unserved } = await api.describeCluster()
  const output = context.json ? context.terminal.notes : context.terminal.out
  for (const line of renderUnserved(unserved ?? [], output)) output.line(line)
  return unserved ?? []
}

/** Fills the sample index if it is not filled, and shows three searches. */
export async function showSample(
  context: CommandContext,
  api: HypershardClient,
  steps: Steps,
  corpusPath: string,
): Promise<SampleSearch[]> {
  const startMs = performance.now()
  const progress = new ProgressDisplay(context.terminal.notes, 'indexing the sample')
  const { index, filled } = await fillSampleIndex(api, corpusPath, work => progress.update(work))
  progress.end()
  const documents = `${formatCountOf(index.documents, 'document')} in ${formatCountOf(index.shards, 'shard')}`
  steps.done('sample index', `${documents}${filled ? '' : ', kept from before'}`, performance.now() - startMs)
  const searches = await searchSample(api)
  if (!context.json) for (const search of searches) showSearch(search, context.terminal.out)
  return searches
}

function showSearch({ query, answer }: SampleSearch, output: Output): void {
  output.line()
  output.line(`${output.style('bold', `? ${query}`)}  ${output.style('dim', formatDuration(answer.took_ms))}`)
  for (const line of renderHits(answer.hits, output, { passageLines: samplePassageLines })) output.line(line)
}

/** Where each process is probed and scraped. */
function metricsLine(processes: LocalCluster['processes']): string[] {
  const told = processes.filter(({ adminAddress }) => adminAddress !== '')
  if (told.length === 0) return []
  return [`/healthz, /readyz, /metrics: ${told.map(({ name, adminAddress }) => `${name} ${adminAddress}`).join(', ')}`]
}

export interface ReadyFacts {
  readonly searches: readonly SampleSearch[] | undefined
  readonly unserved: readonly IndexWithoutModel[]
  readonly keepsServing: boolean
  readonly data: string
}

function withoutSome({ length }: readonly IndexWithoutModel[]): string {
  return length === 0 ? '' : `, but ${formatCountOf(length, 'index', 'indexes')} cannot be searched`
}

/** Says where the cluster serves and what to do next; with `--json`, the one document. */
export function announce(context: CommandContext, cluster: LocalCluster, facts: ReadyFacts): void {
  const { httpUrl, grpcAddress, processes } = cluster
  const answer = {
    http_url: httpUrl,
    grpc_address: grpcAddress,
    indexes_without_model: facts.unserved,
    processes: processes.map(({ name, pid, address, adminAddress, logPath }) => ({
      name,
      pid,
      address,
      admin_address: adminAddress,
      log: logPath,
    })),
    ...(facts.searches === undefined ? {} : { searches: facts.searches }),
  }
  context.answer(answer, () => {
    if (!facts.keepsServing) return ['']
    const { out } = context.terminal
    const index = facts.searches === undefined ? 'papers' : 'sample'
    const url = httpUrl === 'http://127.0.0.1:7700' ? '' : ` --url ${httpUrl}`
    const commands = [
      ...(facts.searches === undefined ? [`index create papers${url}`, `documents put papers ./notes${url}`] : []),
      `search ${index} "how do vaccines work"${url}`,
      `cluster${url}`,
    ]
    return [
      '',
      `${out.style('bold', 'ready')}${withoutSome(facts.unserved)}  ${out.style('cyan', `${httpUrl}/docs`)}`,
      out.style(
        'dim',
        `gRPC ${grpcAddress}, logs in ${relative('', facts.data) || facts.data}/logs; Ctrl-C stops everything`,
      ),
      ...metricsLine(processes).map(line => out.style('dim', line)),
      '',
      'try, in another terminal:',
      ...commands.map(command => `  npx hypershard ${command}`),
    ]
  })
}
