import type { Hit, SearchAnswer, SearchProfile } from '@hypershard/contract'
import { pad, shorten, toPlainLine, widthOf, wrap } from '../terminal/fit-text.ts'
import {
  formatBytes,
  formatCount,
  formatCountOf,
  formatDuration,
  formatScore,
  formatShare,
} from '../terminal/format-number.ts'
import { renderTable } from '../terminal/render-table.ts'
import type { Output } from '../terminal/terminal.ts'
import { boldHeading } from './bold-heading.ts'
import { leafName } from './leaf-name.ts'
import { renderFacets } from './render-facets.ts'
import { renderFragments } from './render-fragments.ts'

const passageLinesMax = 2
/** Longer ids are shortened: the title is what a reader looks for. */
const idWidthMax = 32

/**
 * An answer for people: the hits, how much was searched and how, and the profile when it was asked for.
 * @param query that was searched with; undefined where a document stood in its place, of which the model reads nothing
 */
export function renderAnswer(answer: SearchAnswer, output: Output, query?: unknown): string[] {
  const leaves = (answer.leaves ?? []).map(path => leafName(query, path))
  const lines =
    answer.groups === undefined
      ? renderHits(answer.hits, output, { leaves })
      : renderGroups(answer.groups, output, leaves)
  lines.push(...renderFacets(answer.facets ?? [], output))
  lines.push('', ...renderSummary(answer, output, query !== undefined))
  if (answer.profile !== undefined) lines.push('', ...renderProfile(answer.profile, output))
  return lines
}

function renderGroups(
  groups: NonNullable<SearchAnswer['groups']>,
  output: Output,
  leaves: readonly string[],
): string[] {
  if (groups.length === 0) return ['no hits']
  return groups.flatMap(({ value, hits }, at) => {
    const heading = value === null ? 'without a value' : toPlainLine(`${value}`)
    return [
      ...(at > 0 ? [''] : []),
      output.style('bold', shorten(heading, output.columns)),
      ...renderHits(hits, output, { leaves }),
    ]
  })
}

interface HitsShown {
  readonly passageLines?: number
  /** Of a composed query: what its leaves are called. */
  readonly leaves?: readonly string[]
}

/**
 * Rank, score, id and title on one line. Below it what each leaf of a composed query says, that which gave the hit its
 * place first, and highlights, the passage that scored best, or the text's beginning.
 */
export function renderHits(
  hits: readonly Hit[],
  output: Output,
  { passageLines = passageLinesMax, leaves = [] }: HitsShown = {},
): string[] {
  if (hits.length === 0) return ['no hits']
  const rankWidth = Math.max(2, `${hits.length}`.length)
  const scoreWidth = Math.max(...hits.map(hit => formatScore(scoreOf(hit)).length))
  const idWidth = Math.min(idWidthMax, Math.max(...hits.map(hit => widthOf(toPlainLine(hit.id)))))
  const indent = ' '.repeat(rankWidth + 2)
  return hits.flatMap((hit, at) => {
    const rank = `${at + 1}`.padStart(rankWidth)
    const score = formatScore(scoreOf(hit)).padStart(scoreWidth)
    const id = pad(shorten(toPlainLine(hit.id), idWidth), idWidth)
    const room = output.columns - rankWidth - scoreWidth - idWidth - 6
    const title = shorten(toPlainLine(hit.title ?? ''), room)
    const width = output.columns - indent.length
    const fragments = renderFragments(hit, { output, width, linesMax: passageLines })
    const excerpt = () => wrap(toPlainLine(excerptOf(hit)), width, passageLines).map(line => output.style('dim', line))
    return [
      `${rank}  ${output.style('cyan', score)}  ${id}  ${output.style('bold', title)}`.trimEnd(),
      ...leavesLine(hit, leaves).map(line => indent + shorten(line, width)),
      ...(fragments.length > 0 ? fragments : excerpt()).map(line => indent + line),
    ]
  })
}

function leavesLine({ leaf, leaf_scores: scores }: Hit, leaves: readonly string[]): string[] {
  if (leaf === undefined || scores === undefined) return []
  const said = leaves.map((name, at) => `${formatScore(scores[at] ?? null)} ${name}`)
  return [[said[leaf], ...said.filter((_, at) => at !== leaf)].join(' · ')]
}

/** Of a passage that begins within the text it is told where. One of nothing is the title's. */
function excerptOf({ text = '', passage }: Hit): string {
  if (passage?.text === undefined || passage.text === '' || passage.begin === 0) return text
  return `[from character ${formatCount(passage.begin)}] ${passage.text}`
}

/** That it was ordered by. */
function scoreOf({ score, rerank_score: reranked }: Hit): number | null {
  return reranked ?? score
}

function renderSummary(answer: SearchAnswer, output: Output, isText: boolean): string[] {
  const { coverage } = answer
  const { documents_scored: scored, documents_scanned: scanned, documents_walked: walked } = coverage
  const searched = `${formatCount(Math.max(scored, scanned + walked))} of ${formatCount(coverage.documents_eligible)} documents`
  const plan = scanned + walked === 0 ? answer.plan : `${answer.plan}, ${formatCount(scored)} scored`
  const lines = [`${searched} (${formatShare(coverage.ratio)}) · ${plan} · ${formatDuration(answer.took_ms)}`]
  for (const missing of coverage.missing) {
    const documents = formatCountOf(missing.documents_missing, 'document')
    const reason = toPlainLine(`${missing.code}: ${missing.message}`)
    lines.push(output.style('yellow', `missing: shard ${missing.shard} on ${missing.server}, ${documents}: ${reason}`))
  }
  if (answer.rerank !== undefined) lines.push(rerankLine(answer.rerank, output))
  if (answer.query_truncated) lines.push('the query is longer than the model reads; its end was left out')
  const unread = isText ? unreadQuery(answer) : undefined
  if (unread !== undefined) lines.push(output.style('yellow', unread))
  if (coverage.non_finite_scores > 0) {
    const documents = formatCountOf(coverage.non_finite_scores, 'document')
    lines.push(`${documents} without a finite score, ranked last`)
  }
  if (answer.next_cursor !== null) lines.push(output.style('dim', `next page: --cursor ${answer.next_cursor}`))
  return lines
}

function rerankLine(rerank: NonNullable<SearchAnswer['rerank']>, output: Output): string {
  const { model, reranked, documents, truncated, code, message } = rerank
  if (!reranked) {
    const why = toPlainLine(code === undefined ? (message ?? 'there are no hits') : `${code}: ${message}`)
    const line = `not reranked by ${model.name}: ${why}`
    return code === undefined ? line : output.style('yellow', line)
  }
  const cut = truncated === 0 ? '' : `, of which it read the beginning of ${formatCount(truncated)}`
  return `${formatCountOf(documents, 'hit')} reranked by ${model.name}${cut}`
}

/** What makes the ranking mean little: the model gives everything it does not know the same token. */
function unreadQuery({ query_tokens: tokens, query_unknown_tokens: unknown }: SearchAnswer): string | undefined {
  if (tokens === 0) return 'the model reads nothing in this query: the order of the hits means nothing'
  if (unknown === 0) return undefined
  const what =
    tokens === 1 ? "the query's only token" : `${formatCount(unknown)} of the query's ${formatCount(tokens)} tokens`
  return `the model does not know ${what}; \`hypershard model list\` tells its languages`
}

const queryForms = { weights: 'weights', token_states: 'token states' } as const

function encodingNote({ qnet_cached: cached, like_by: likeBy }: SearchProfile): string {
  if (cached) return 'from the cache'
  return likeBy === undefined ? '' : `the ${likeBy} of the document`
}

/** Of a search that asks for it. */
function stepOf(name: string, ms: number | undefined): [string, number, string][] {
  return ms === undefined ? [] : [[name, ms, '']]
}

function renderProfile(profile: SearchProfile, output: Output): string[] {
  const steps: [string, number, string][] = [
    ['encode query', profile.encode_ms, encodingNote(profile)],
    [
      'fan out',
      profile.fan_out_ms,
      `${queryForms[profile.query_form]}, ${formatBytes(profile.qnet_bytes)} to a server`,
    ],
    ['merge', profile.merge_ms, ''],
    ['fetch texts', profile.fetch_ms, ''],
    ...stepOf('rerank', profile.rerank_ms),
    ...stepOf('highlight', profile.highlight_ms),
  ]
  const stepLines = renderTable(
    [{ title: 'step' }, { title: 'time', align: 'right' }, { title: '', flexible: true }],
    steps.map(([step, ms, note]) => [step, formatDuration(ms), note]),
    output.columns,
  )
  const scans = profile.shards.some(shard => shard.documents_scanned > 0)
  const walks = profile.shards.some(shard => shard.documents_walked > 0)
  const heads = profile.shards.some(shard => shard.head_ms > 0)
  const twice = profile.shards.some(shard => shard.attempts > 1)
  const shardLines = renderTable(
    [
      { title: 'shard', align: 'right' },
      { title: 'server', flexible: true },
      ...(scans ? [{ title: 'scanned', align: 'right' as const }] : []),
      ...(walks ? [{ title: 'walked', align: 'right' as const }] : []),
      { title: 'scored', align: 'right' },
      { title: 'queue', align: 'right' },
      ...(heads ? [{ title: 'head', align: 'right' as const }] : []),
      { title: 'score', align: 'right' },
      { title: 'ship', align: 'right' },
      ...(twice ? [{ title: 'calls', align: 'right' as const }, { title: 'won by' }] : []),
      { title: 'ended' },
    ],
    profile.shards.map(shard => [
      `${shard.shard}`,
      shard.server,
      ...(scans ? [formatCount(shard.documents_scanned)] : []),
      ...(walks ? [formatCount(shard.documents_walked)] : []),
      formatCount(shard.documents_scored),
      formatDuration(shard.queue_ms),
      ...(heads ? [formatDuration(shard.head_ms)] : []),
      formatDuration(shard.score_ms),
      formatDuration(shard.ship_ms),
      ...(twice ? [formatCount(shard.attempts), shard.won_by] : []),
      shard.stop_reason,
    ]),
    output.columns,
  )
  return [...boldHeading(stepLines, output), '', ...boldHeading(shardLines, output)]
}
