/**
 * The statistics that BM25 takes of a whole generation, asked of its shards before they rank: what a word is worth must not
 * depend on the shard that a document lies in.
 */
import type { RequestContext } from '@hypershard/common'
import type { Filter, ManifestReference, ShardWords } from '@hypershard/proto/shard'
import type { ClusterMember } from '../cluster/cluster-member.ts'
import { type AskMember, askHolders, type Route, type ShardWord } from '../reading/ask-holders.ts'
import type { ShardFailure } from '../search/shard-answer.ts'
import type { WordStatistics } from './query-words.ts'
import type { WordCounts } from './word-counts.ts'

/** Of the time that is left, what the counts may take. */
const countShare = 0.5

export interface CountRequest {
  readonly manifest: ManifestReference
  readonly route: Route
  readonly terms: readonly string[]
  /** Of whose documents they are; undefined for all. */
  readonly filter: Filter | undefined
}

export interface CountOutcome {
  readonly statistics: WordStatistics
  /** Shards that nobody told of, which must not be searched: their documents' scores would be of other documents' words. */
  readonly failures: ReadonlyMap<number, ShardFailure>
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
  const ask: AskMember<ShardWords> = (member, shards, own) => countOf(member, { ...request, shards }, own)
  const { answers, failures } = await askHolders(request.route, ask, inner)
  const statistics = sumOf([...answers.values()], request.terms.length)
  if (failures.size === 0) known.keep(request, statistics)
  return { statistics, failures }
}

async function countOf(
  member: ClusterMember,
  { manifest, shards, terms, filter }: Omit<CountRequest, 'route'> & { readonly shards: readonly number[] },
  context: RequestContext,
): Promise<Map<number, ShardWord<ShardWords>>> {
  const request = { manifest, shards: [...shards], terms: [...terms], filter }
  const facts = { 'hypershard.server': member.address, 'hypershard.shards': shards.join(',') }
  const ask = (inner: RequestContext) => member.server.countWords(request, inner)
  const told = await context.step('count words', ask, facts, 'client')
  return new Map(
    told.map(words => {
      const error = problemOf(words, terms.length, member)
      return [words.shard, error === undefined ? { answer: words } : { error }]
    }),
  )
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
