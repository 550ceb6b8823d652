/** The thread that counts and ranks by words: reading the postings of frequent words must not delay calls or scores. */
import assert from 'node:assert/strict'
import { parentPort } from 'node:worker_threads'
import { toFailure } from '@hypershard/common'
import { type Bitmap, LexicalIndex } from '@hypershard/storage/rows'
import { LRUCache } from 'lru-cache'
import type { RowToScore, ScanHit, SegmentToScan, SharedIds } from '../ports.ts'
import type { ThreadReply } from '../threads/thread-calls.ts'
import { rankByWords } from './rank-by-words.ts'
import { countWords, scoreWords, type WeightedTerm, type WordStatistics } from './score-words.ts'

/** A query's terms, and how long the documents of its generation are. */
export interface WordQuery {
  /** Stands for all of it. */
  readonly name: string
  readonly terms: readonly WeightedTerm[]
  /** Words a document. */
  readonly averageLength: number
}

export type RankTask = {
  readonly segments: readonly Pick<SegmentToScan, 'key' | 'position' | 'excluded'>[]
  readonly query: WordQuery
  readonly limit: number
}

export type ScoreTask = {
  readonly keys: readonly string[]
  readonly query: WordQuery
  readonly rows: readonly RowToScore[]
}

export type CountTask = {
  readonly segments: readonly { readonly key: string; readonly excluded: Bitmap | undefined }[]
  readonly terms: readonly string[]
}

export type ToWordsThread =
  | {
      readonly type: 'hold'
      readonly key: string
      readonly words: Uint8Array<SharedArrayBuffer>
      readonly ids: SharedIds
    }
  | { readonly type: 'drop'; readonly key: string }
  | TaskMessage
  | { readonly type: 'close' }

type TaskMessage = { readonly call: number } & (
  | ({ readonly type: 'count' } & CountTask)
  | ({ readonly type: 'rank' } & RankTask)
  | ({ readonly type: 'score' } & ScoreTask)
)

export type WordsAnswer =
  | { readonly type: 'count'; readonly counts: WordStatistics }
  /** Best first; scores are those of the words. */
  | { readonly type: 'rank'; readonly hits: readonly ScanHit[] }
  /** One a row. */
  | { readonly type: 'score'; readonly scores: Float64Array }

/** Of all rows of segments, for who asks about the same words again: the q-net's hits, and further pages. */
const keptScoresBytesMax = 64 * 1024 * 1024

const port = parentPort
assert(port !== null, 'the words thread is started as a worker')

const segments = new Map<string, { readonly index: LexicalIndex; readonly ids: SharedIds }>()
/** By segment and query. */
const kept = new LRUCache<string, Float64Array>({
  maxSize: keptScoresBytesMax,
  sizeCalculation: ({ byteLength }) => Math.max(1, byteLength),
})

port.on('message', (message: ToWordsThread) => {
  switch (message.type) {
    case 'hold': {
      const { key, words, ids } = message
      segments.set(key, { index: new LexicalIndex(words, ids.offsets.length - 1), ids })
      break
    }
    case 'drop':
      segments.delete(message.key)
      for (const place of kept.keys()) if (place.startsWith(`${message.key} `)) kept.delete(place)
      break
    case 'close':
      port.close()
      break
    default:
      port.postMessage(answer(message))
  }
})

function answer(message: TaskMessage): ThreadReply<WordsAnswer> {
  const { call } = message
  try {
    return { call, answer: answerOf(message) }
  } catch (error) {
    return { call, ...toFailure(error) }
  }
}

function answerOf(message: TaskMessage): WordsAnswer {
  switch (message.type) {
    case 'count':
      return { type: 'count', counts: countAll(message) }
    case 'rank': {
      const ranked = message.segments.map(({ key, position, excluded }) => {
        const { ids } = held(key)
        return { scores: scoresOf(key, message.query), ids, position, excluded }
      })
      return { type: 'rank', hits: rankByWords(ranked, message.limit) }
    }
    case 'score': {
      const { keys, query, rows } = message
      const scores = rows.map(({ segment, row }) => scoresOf(keys[segment]!, query)[row]!)
      return { type: 'score', scores: Float64Array.from(scores) }
    }
  }
}

function countAll({ segments: asked, terms }: CountTask): WordStatistics {
  const counts = asked.map(({ key, excluded }) => countWords(held(key).index, terms, excluded))
  return {
    documents: counts.reduce((sum, own) => sum + own.documents, 0),
    words: counts.reduce((sum, own) => sum + own.words, 0),
    documentCounts: terms.map((_, at) => counts.reduce((sum, own) => sum + own.documentCounts[at]!, 0)),
  }
}

function scoresOf(key: string, { name, terms, averageLength }: WordQuery): Float64Array {
  const place = `${key} ${name}`
  const known = kept.get(place)
  if (known !== undefined) return known
  const scores = scoreWords(held(key).index, terms, averageLength)
  kept.set(place, scores)
  return scores
}

function held(key: string) {
  const segment = segments.get(key)
  assert(segment !== undefined, `the words of segment ${key} are asked for while they are not held`)
  return segment
}
