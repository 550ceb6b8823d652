import assert from 'node:assert/strict'
import { messageOf } from '@hypershard/common'
import { type CrossEncoderDirectory, invalidModel } from '@hypershard/qnet'
import { openTextReader, readTokenizerJson, type TextReader } from '../encoding/tokenizer.ts'

/** A query and a text as a cross-encoder reads them together: special tokens included, never longer than it reads. */
export interface TokenizedPair {
  readonly ids: Int32Array
  /** The place of the first id that belongs to the text: those before it are of the other type. */
  readonly textFrom: number
  /** The text went on after the last of its tokens that there was room for. */
  readonly truncated: boolean
}

export interface TokenizedPairs {
  /** In the order of the texts. */
  readonly pairs: readonly TokenizedPair[]
  readonly queryTruncated: boolean
}

export interface PairTokenizer {
  /** The query keeps its first tokens up to its own limit; each text has the room that this leaves. */
  tokenize(query: string, texts: readonly string[]): TokenizedPairs
  readonly idMax: number
}

/** What the tokenizer puts before a query, between it and the text, and after the text: [CLS], [SEP] and [SEP] of BERT. */
interface PairFrame {
  readonly before: readonly number[]
  readonly between: readonly number[]
  readonly after: readonly number[]
}

/** @throws HypershardError `invalid_model` */
export function openPairTokenizer(directory: CrossEncoderDirectory): PairTokenizer {
  const { tokenizer: lengths } = directory.settings
  try {
    const reader = openTextReader(readTokenizerJson(directory))
    const frame = frameOf(reader)
    const special = frame.before.length + frame.between.length + frame.after.length
    const roomMin = lengths.maxTokens - lengths.maxQueryTokens - special
    if (roomMin < 1) throw new Error(`it puts ${special} tokens around a pair, which leave a text no room`)
    return createPairTokenizer(reader, frame, lengths)
  } catch (error) {
    const problem = `makes no pairs: ${messageOf(error)}; export the tokenizer again`
    throw invalidModel(directory.path, lengths.file, problem, error)
  }
}

function createPairTokenizer(
  { idMax, idsOf }: TextReader,
  { before, between, after }: PairFrame,
  { maxTokens, maxQueryTokens }: CrossEncoderDirectory['settings']['tokenizer'],
): PairTokenizer {
  return {
    idMax,
    tokenize: (query, texts) => {
      const queryIds = idsOf(query, maxQueryTokens)
      const head = [...before, ...queryIds.slice(0, maxQueryTokens), ...between]
      const room = maxTokens - head.length - after.length
      const pairs = texts.map(text => {
        const ids = idsOf(text, room)
        const kept = ids.length > room ? ids.slice(0, room) : ids
        const all = Int32Array.from([...head, ...kept, ...after])
        return { ids: all, textFrom: head.length, truncated: ids.length > room }
      })
      return { pairs, queryTruncated: queryIds.length > maxQueryTokens }
    },
  }
}

/** Found by a pair of two letters, each of which is one token or several of its own. */
function frameOf({ tokenizer, idsOf }: TextReader): PairFrame {
  const [query, text] = [idsOf('a', 1), idsOf('b', 1)]
  const framed: number[] = tokenizer.encode('a', { text_pair: 'b' }).ids
  const queryAt = placeOf(query, framed, 0)
  const queryEnd = queryAt + query.length
  const textAt = queryAt === -1 ? -1 : placeOf(text, framed, queryEnd)
  if (textAt === -1) throw new Error('its post-processor does more than frame a pair')
  return {
    before: framed.slice(0, queryAt),
    between: framed.slice(queryEnd, textAt),
    after: framed.slice(textAt + text.length),
  }
}

function placeOf(part: readonly number[], whole: readonly number[], from: number): number {
  assert(part.length > 0, 'a letter is at least one token')
  return whole.findIndex((_, at) => at >= from && part.every((id, offset) => whole[at + offset] === id))
}
