import { HypershardError } from '@hypershard/common'
import type { Filter } from '@hypershard/proto/shard'
import type { Manifest } from '@hypershard/storage'
import { readFilter } from '../search/read-filter.ts'
import type { SearchInput } from '../search/search-input.ts'
import { type QueryTerms, termsOf } from './query-words.ts'

/** The words that documents of one manifest version are ranked by. */
export interface PinnedWords extends QueryTerms {
  /** Of whose documents the words count; undefined for all. */
  readonly filter: Filter | undefined
}

/** @throws HypershardError `invalid_request` for an index that keeps no words */
export function pinWords(
  { index, query, wordsFilter }: Pick<SearchInput, 'index' | 'query' | 'wordsFilter'>,
  { lexical, fields = {} }: Manifest,
): PinnedWords {
  if (lexical === undefined) {
    const message = `hybrid: index \`${index}\` keeps no words; create one with \`lexical\`, or leave hybrid out`
    throw new HypershardError('invalid_request', message, { details: { index } })
  }
  return { ...termsOf(query, lexical), filter: wordsFilter && readFilter(wordsFilter, { fields }) }
}
