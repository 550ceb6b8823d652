/** What words add to a search of shards: their own best documents, and both scores of each. */
import { type Deadline, HypershardError } from '@hypershard/common'
import type { ScanHit, ScanRequest, ScoringBackend, ShardToScan } from '../ports.ts'
import type { WordSearcher } from './word-searcher.ts'
import type { WordQuery } from './words-thread.ts'

export interface WordParts {
  readonly words: Pick<WordSearcher, 'rank' | 'score'>
  readonly backend: Pick<ScoringBackend, 'score'>
}

/** A hit with both of its scores. */
export interface WordHit extends ScanHit {
  readonly wordsScore: number
}

/**
 * A shard's best documents by words, in that order, with the q-net's scores of them.
 * @throws HypershardError `deadline_exceeded`, `cancelled`: not all of them were scored
 */
export async function rankWithQNet(
  { words, backend }: WordParts,
  { shard, request, query }: { shard: ShardToScan; request: Omit<ScanRequest, 'shards'>; query: WordQuery },
  deadline: Deadline,
): Promise<WordHit[]> {
  const { segments } = shard
  const ranked = await words.rank({ segments, query, limit: request.limit }, deadline)
  if (ranked.length === 0) return []
  const places = placesOf(shard)
  const rows = ranked.map(({ segment, row }) => ({ segment: places.get(segment)!, row }))
  const { scores, passages, stop } = await backend.score({ ...request, shards: [shard] }, shard, rows, deadline)
  if (scores.length < rows.length) {
    const code = stop === 'cancelled' ? 'cancelled' : 'deadline_exceeded'
    const message = `the q-net has scored ${scores.length} of the ${rows.length} best documents by words`
    throw new HypershardError(code, stop === 'cancelled' ? message : `${message} in time; allow a longer timeout_ms`)
  }
  return ranked.map((hit, at) => ({ ...hit, score: scores[at]!, wordsScore: hit.score, passage: passages?.[at] }))
}

/** The words' scores of documents that the q-net has found. @throws HypershardError `deadline_exceeded` */
export async function withWordScores(
  { words }: WordParts,
  { shard, hits, query }: { shard: ShardToScan; hits: readonly ScanHit[]; query: WordQuery },
  deadline: Deadline,
): Promise<WordHit[]> {
  if (hits.length === 0) return []
  const places = placesOf(shard)
  const keys = shard.segments.map(({ key }) => key)
  const rows = hits.map(({ segment, row }) => ({ segment: places.get(segment)!, row }))
  const scores = await words.score({ keys, query, rows }, deadline)
  return hits.map((hit, at) => ({ ...hit, wordsScore: scores[at]! }))
}

/** By a segment's place in the manifest: its place in the shard. */
function placesOf({ segments }: ShardToScan): ReadonlyMap<number, number> {
  return new Map(segments.map(({ position }, place) => [position, place]))
}
