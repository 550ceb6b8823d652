import type { HypershardClient } from '@hypershard/client'
import { HypershardError } from '@hypershard/common'
import { hitsMax, type SearchAnswer, type SearchRequest } from '@hypershard/contract'
import { type Expression, type HitJoin, joinHits, joinsAll } from '@hypershard/evaluation'
import { LRUCache } from 'lru-cache'

/** A way to join that needs all scores of a piece gets those of so many documents, its best. */
export const pieceHitsMax = 20_000

/** Of all answers that are held, since queries have pieces in common: about 100 bytes a hit. */
const heldHitsMax = 2_000_000

export interface PieceSearches {
  readonly api: Pick<HypershardClient, 'pages'>
  readonly index: string
  /** Of each piece; `k` is how many hits are wanted of all together. */
  readonly request: Omit<SearchRequest, 'query'> & { readonly k: number }
  readonly join: HitJoin
}

/** One search of a composed query whose pieces are asked alone. */
export type SearchJoined = (expression: Expression) => Promise<SearchAnswer>

/**
 * Asks the pieces of expressions as searches of their own, each piece once, and joins their hits.
 * @returns the answer to the first piece, with the hits of all
 */
export function searchPieces({ api, index, request, join }: PieceSearches): SearchJoined {
  const { k: limit } = request
  const wanted = joinsAll(join) ? pieceHitsMax : limit
  const ask = async (query: string): Promise<SearchAnswer> => {
    let whole: SearchAnswer | undefined
    for await (const page of api.pages(index, { ...request, query, k: Math.min(wanted, hitsMax) })) {
      whole = whole === undefined ? page : { ...page, hits: [...whole.hits, ...page.hits] }
      if (whole.hits.length >= wanted) break
    }
    return whole!
  }
  const answers = new LRUCache<string, SearchAnswer>({
    maxSize: heldHitsMax,
    sizeCalculation: ({ hits }) => hits.length + 1,
    fetchMethod: ask,
    // One that others have pushed out before it was there is given all the same.
    ignoreFetchAbort: true,
  })
  return async expression => {
    const pieces = await Promise.all(piecesOf(expression).map(piece => answers.forceFetch(piece)))
    return {
      ...pieces[0]!,
      hits: joinHits(
        pieces.map(({ hits }) => hits),
        { join, limit },
      ),
      query_truncated: pieces.some(({ query_truncated: truncated }) => truncated),
    }
  }
}

/** @throws HypershardError `invalid_request` for what is no list of texts, under `any` or `all` */
function piecesOf(expression: Expression): readonly string[] {
  const [entry, ...more] = Object.entries(expression)
  const [operator, pieces] = entry ?? []
  if ((operator === 'any' || operator === 'all') && Array.isArray(pieces) && pieces.length > 0 && more.length === 0) {
    const texts = pieces.map(textOf)
    if (texts.every(text => text !== undefined)) return texts
  }
  const message = 'only the pieces of an `any` or an `all` of texts without weights can be asked alone'
  throw new HypershardError('invalid_request', `${message}; leave --join out to ask the query as it is`)
}

function textOf(piece: unknown): string | undefined {
  if (typeof piece === 'string') return piece
  const { text, ...more } = (piece ?? {}) as { readonly text?: unknown }
  return typeof text === 'string' && Object.keys(more).length === 0 ? text : undefined
}
