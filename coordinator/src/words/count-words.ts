/**
 * The statistics that BM25 takes of a whole generation, asked of its shards before they rank: what a word is worth must not
 * depend on the shard that a document lies in.
 */
import { type RequestContext, toHypershardError } from '@hypershard/common'
import type { Filter, ManifestReference, ShardWords } from '@hypershard/proto/shard'
import type { ClusterMember } from '../cluster/cluster-member.ts'
import { failureFacts } from '../failure-facts.ts'
import type { ShardFailure } from '../search/shard-answer.ts'
import type { WordStatistics } from './query-words.ts'
import type { WordCounts } from './word-counts.ts'

/** Servers asked for the counts of one shard. */
const holdersAskedMax = 3
/** Of the time that is left, what the counts may take, and of that, what the first holder may where there is another. */
const countShare = 0.5
const firstShare = 0.5

export interface CountRequest {
  readonly manifest: ManifestReference
  readonly route: ReadonlyMap<number, readonly ClusterMember[]>
  readonly terms: readonly string[]
  /** Of whose documents they are; undefined for all. */
  readonly filter: Filter | undefined
}

export interface CountOutcome {
  readonly statistics: WordStatistics
  /** Shards that nobody told of, which must not be searched: their documents' scores would be of other documents' words. */
  readonly failures: ReadonlyMap<number, ShardFailure>
}

interface CountFlow {
  readonly request: CountRequest
  readonly context: RequestContext
  readonly told: Map<number, ShardWords>
  readonly failures: Map<number, ShardFailure>
}

/** Never rejects: a shard that does not tell is an outcome. */
export async function countWords(
  request: CountRequest,
  context: RequestContext,
  known: WordCounts,
): Promise<CountOutcome> {
  const kept = known.get(request)
  if (kept !== undefined) return { statistics: kept, failures: new Map() }
  const inner = context.within(context.deadline.remainingMs * countShare)
  const flow: CountFlow = { request, context: inner, told: new Map(), failures: new Map() }
  const asked = [...request.route].map(([shard, holders]) => ({ shard, holders, tried: [], failure: undefined }))
  await askNext(asked, flow)
  const statistics = sumOf([...flow.told.values()], request.terms.length)
  if (flow.failures.size === 0) known.keep(request, statistics)
  return { statistics, failures: flow.failures }
}

interface AskedShard {
  readonly shard: number
  readonly holders: readonly ClusterMember[]
  readonly tried: readonly ClusterMember[]
  readonly failure: ShardFailure | undefined
}

/** Each of the first live holder that was not asked yet, one call a server. */
async function askNext(shards: readonly AskedShard[], flow: CountFlow): Promise<void> {
  const byHolder = Map.groupBy(shards, shard => nextHolder(shard))
  await Promise.all(
    [...byHolder].map(async ([member, theirs]) => {
      if (member !== undefined) return askOf(member, theirs, flow)
      for (const { shard, holders, failure } of theirs) flow.failures.set(shard, failure ?? unasked(shard, holders))
    }),
  )
}

async function askOf(member: ClusterMember, theirs: readonly AskedShard[], flow: CountFlow): Promise<void> {
  const { manifest, terms, filter } = flow.request
  const others = theirs.every(shard => nextHolder({ ...shard, tried: [...shard.tried, member] }) !== undefined)
  const { deadline } = flow.context
  const context = others ? flow.context.within(deadline.remainingMs * firstShare) : flow.context
  const request = { manifest, shards: theirs.map(({ shard }) => shard), terms: [...terms], filter }
  const ask = (inner: RequestContext) => member.server.countWords(request, inner)
  const facts = { 'hypershard.server': member.address, 'hypershard.shards': request.shards.join(',') }
  const failed: AskedShard[] = []
  const fail = (shard: AskedShard, { code, message }: { code: string; message: string }) => {
    const failure = { shard: shard.shard, server: member.address, code, message }
    failed.push({ ...shard, tried: [...shard.tried, member], failure })
  }
  try {
    const answers = await context.step('count words', ask, facts, 'client')
    for (const asked of theirs) {
      const told = answers.find(({ shard }) => shard === asked.shard)
      const problem = told === undefined ? leftOut(member, asked.shard) : problemOf(told, terms.length, member)
      if (problem === undefined) flow.told.set(asked.shard, told!)
      else fail(asked, problem)
    }
  } catch (error) {
    const cause = toHypershardError(error)
    const level = cause.code === 'unavailable' ? 'debug' : 'warn'
    flow.context.log[level]({ ...failureFacts(error), server: member.address }, 'counting words failed')
    for (const asked of theirs) fail(asked, cause)
  }
  if (failed.length === 0) return
  const isOver = deadline.passed || deadline.cancelled
  if (!isOver) return askNext(failed, flow)
  for (const { shard, failure } of failed) flow.failures.set(shard, failure!)
}

function nextHolder({ holders, tried }: Pick<AskedShard, 'holders' | 'tried'>): ClusterMember | undefined {
  if (tried.length >= holdersAskedMax) return undefined
  return holders.find(holder => holder.live && !tried.includes(holder))
}

function unasked(shard: number, [first]: readonly ClusterMember[]): ShardFailure {
  const server = first?.address ?? 'no server'
  const message =
    first === undefined
      ? 'no shard server is known; start one, and see HYPERSHARD_SHARD_SERVERS'
      : `shard server ${server} is down: ${first.downReason}; start it again`
  return { shard, server, code: 'unavailable', message }
}

function leftOut({ address }: ClusterMember, shard: number) {
  return { code: 'internal', message: `${address}: shard ${shard}: the answer leaves it out` }
}

function problemOf({ shard, error, documentCounts }: ShardWords, terms: number, { address }: ClusterMember) {
  if (error !== undefined) return error
  if (documentCounts.length === terms) return undefined
  return {
    code: 'internal',
    message: `${address}: shard ${shard}: it counts ${documentCounts.length} of ${terms} terms`,
  }
}

function sumOf(told: readonly ShardWords[], terms: number): WordStatistics {
  return {
    documents: told.reduce((sum, { documents }) => sum + documents, 0),
    words: told.reduce((sum, { words }) => sum + words, 0),
    documentCounts: Array.from({ length: terms }, (_, at) =>
      told.reduce((sum, { documentCounts }) => sum + documentCounts[at]!, 0),
    ),
  }
}
