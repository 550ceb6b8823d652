import { HypershardError } from '@hypershard/common'
import {
  type explainRequestSchema,
  type Facet,
  type GroupBy,
  type HighlightOptions,
  type HybridOptions,
  highlightedHitsMax,
  hitsMax,
  hybridDefaults,
  type SearchOptions,
  type SearchPlanName,
  type SearchRequest,
  type SettledSearchOptions,
  type Sort,
  searchDefaults,
  searchRequestSchema,
} from '@hypershard/contract'
import type { z } from 'zod'
import type { FilterJson } from '../access/caller.ts'
import { type OwnQuery, readOwnQuery } from '../vectors/own-query.ts'
import type { HybridSearch } from '../words/query-words.ts'
import { type ComposedSearch, readExpression, type WhatToFind } from './composed/read-expression.ts'
import { wantedTexts } from './composed/wanted-texts.ts'

/** A search whose every value has been checked. */
export interface SearchInput extends Omit<SettledSearchOptions, 'hybrid'> {
  readonly index: string
  /** Another generation than the one that the name stands for. */
  readonly generation: number | undefined
  /** Empty where `own`, `composed` or `like` stands instead. */
  readonly query: string
  /** The query as a vector or a q-net. */
  readonly own?: OwnQuery | undefined
  /** The query is an expression over several. */
  readonly composed?: ComposedSearch | undefined
  /** The query is made of this document. */
  readonly like?: Like | undefined
  /** Documents that leaves of `composed` are made of, each once: they are no hits. */
  readonly liked?: readonly string[] | undefined
  /** `query` is searched as the needs that it joins, where the model finds several. */
  readonly interpret?: boolean
  readonly k: number
  readonly cursor: string | undefined
  /** 0 to 1 */
  readonly minCoverage: number
  readonly profile: boolean
  /** Whether an answer that was kept will do. */
  readonly cache: boolean
  readonly idsOnly: boolean
  /** Fields whose values are counted; undefined where nobody asked. */
  readonly facets?: readonly Facet[] | undefined
  /** Ranks by words too. */
  readonly hybrid?: HybridSearch | undefined
  /** Of a tenant: the documents whose words count, however the search is filtered. */
  readonly wordsFilter?: FilterJson | undefined
  /** Groups of hits instead of hits. */
  readonly groupBy?: GroupBy | undefined
  /** The order of hits, before their score. */
  readonly sort?: Sort | undefined
  /** Gives the sentences of hits that have the query's words. */
  readonly highlight?: HighlightOptions | undefined
  /** Queries of the other searches of its batch, which may be encoded by the same call. */
  readonly encodedWith?: readonly string[] | undefined
  /** The answer sees everything up to this entry of the write log; 0 for whatever is there. */
  readonly minSequence: number
}

/** A document that others are to be near to. */
export interface Like {
  readonly id: string
  /** It must pass this: the filter of the tenant who asks. */
  readonly within?: SearchInput['filter']
}

/** Its time limit is the request's that it came with: of a batch, it has none of its own. */
type CheckedRequest = Omit<z.output<typeof searchRequestSchema>, 'timeout_ms'> & { readonly timeout_ms?: number }

/**
 * @throws HypershardError `invalid_request` for options that do not go together, and what reading a query that needs no encoding
 *   throws
 */
export function toSearchInput(index: string, request: CheckedRequest): SearchInput {
  const { query: text, vector, qnet, like, k, cursor, generation, profile, cache, timeout_ms: _, ...others } = request
  const { query = '', own, composed, liked } = queryOf({ query: text, vector, qnet, like })
  const {
    min_coverage: minCoverage,
    ids_only: idsOnly,
    min_sequence: minSequence,
    facets,
    group_by: groupBy,
    sort,
    highlight,
    interpret,
    hybrid: joined,
    ...options
  } = others
  const { rerank } = options
  if (rerank !== undefined) checkRerank({ k: groupBy === undefined ? k : 0, own, composed, like }, rerank)
  const hybrid = joined && hybridSearchOf(joined, { k, own, composed, like, rerank, groupBy })
  if (sort !== undefined) refuseBesideSort({ hybrid, rerank })
  if (highlight !== undefined) checkHighlight({ k, query, composed, idsOnly, groupBy })
  if (interpret) checkInterpret({ query, hybrid, rerank })
  const what = {
    index,
    hybrid,
    ...(interpret && { interpret }),
    query,
    own,
    composed,
    like,
    liked,
    k,
    cursor,
    generation,
    profile,
    cache,
    minCoverage,
    idsOnly,
    minSequence,
    facets,
    groupBy,
    sort,
    highlight,
  }
  if (groupBy !== undefined) {
    if (k !== searchDefaults.k)
      throw refused('k', 'with group_by a page is of groups; leave k out and say group_by.groups')
    if (sort !== undefined)
      throw refused('sort', 'groups come in the order of their best hits; leave sort or group_by out')
    const ofRanked = hybrid !== undefined || rerank !== undefined
    return { ...what, ...settle(ofRanked ? options : withEveryScore(options, 'group_by')) }
  }
  if (sort !== undefined) return { ...what, ...settle(withEveryScore(options, 'sort')) }
  return { ...what, ...settle(options) }
}

/** @throws HypershardError `invalid_request` for a query that is no text, and for what reads all of a text as one */
function checkInterpret({ query, ...others }: Pick<SearchInput, 'query' | 'hybrid' | 'rerank'>): void {
  if (query.length === 0)
    throw refused('interpret', 'reads a text, and this query is none; leave it out, or send a text as `query`')
  for (const [name, other] of Object.entries(others)) {
    if (other !== undefined)
      throw refused('interpret', `may split the text that ${name} reads as one; leave one of them out`)
  }
}

/** Why an order that is made of all documents does not go with what makes another one, of some. */
const besideSort = {
  hybrid: 'what is joined are the best hits alone, and all documents are sorted',
  rerank: 'the hits would have two orders',
} as const

/** @throws HypershardError `invalid_request` */
function refuseBesideSort(given: Readonly<Record<keyof typeof besideSort, unknown>>): void {
  for (const [name, why] of Object.entries<string>(besideSort)) {
    if (given[name as keyof typeof given] === undefined) continue
    throw refused(name, `does not go with sort: ${why}; leave ${name} or sort out`)
  }
}

/** @throws HypershardError `invalid_request` */
function checkRerank(
  { k, own, composed, like }: Pick<SearchInput, 'k' | 'own' | 'composed' | 'like'>,
  { candidates }: { candidates: number },
): void {
  if (k + candidates > hitsMax) {
    throw refused('rerank.candidates', `${candidates} and k ${k} are over ${hitsMax} together; lower one of them`)
  }
  if (composed !== undefined)
    throw refused('rerank', 'reads one text, and an expression may have several; leave it out')
  if (own === undefined && like === undefined) return
  throw refused(
    'rerank',
    'reads the words of a query, and this one is a vector, a q-net or `like`; leave it out, or send `query`',
  )
}

/** @throws HypershardError `invalid_request` */
function checkHighlight({
  k,
  query,
  composed,
  idsOnly,
  groupBy,
}: Pick<SearchInput, 'k' | 'query' | 'composed' | 'idsOnly' | 'groupBy'>): void {
  if (composed !== undefined && wantedTexts({ query, composed }).length === 0)
    throw refused(
      'highlight',
      'takes its words from texts outside of `not`, and this expression has none; leave it out',
    )
  if (query === '' && composed === undefined)
    throw refused('highlight', 'takes its words from `query`, and this search has none; leave it out, or send `query`')
  if (idsOnly) throw refused('highlight', 'is of the texts that ids_only leaves out; leave one of them out')
  const hits = groupBy === undefined ? k : groupBy.groups * groupBy.hits
  if (hits <= highlightedHitsMax) return
  const lower = groupBy === undefined ? 'k' : 'group_by.groups or group_by.hits'
  throw refused('highlight', `of at most ${highlightedHitsMax} hits a page, this asks for ${hits}; lower ${lower}`)
}

/** The search of a part of this program that says no more than this; the rest is as in a request that leaves it out. */
export function searchInputOf(index: string, { query, ...said }: SearchRequest): SearchInput {
  return toSearchInput(index, { query, ...withoutQuery.parse(said) })
}

/** The search that a document is explained for: by ids alone, and carried out whatever was kept. */
export function toExplainedSearch(index: string, request: z.output<typeof explainRequestSchema>): SearchInput {
  const { query, ...said } = request
  return toSearchInput(index, { query, ...withoutQuery.parse({ ...said, ids_only: true, cache: false }) })
}

/** @throws HypershardError `invalid_request` unless exactly one of them says what to search for */
function queryOf({
  query,
  vector,
  qnet,
  like,
}: Pick<CheckedRequest, 'query' | 'vector' | 'qnet' | 'like'>): Partial<WhatToFind> {
  const given = Object.entries({ query, vector, qnet, like }).filter(([, value]) => value !== undefined)
  if (given.length !== 1) {
    const names = given.map(([name]) => name).join(' and ')
    const message =
      given.length === 0 ? 'query: missing; say what to search for' : `${names} are given; send one of them`
    throw new HypershardError('invalid_request', message)
  }
  return query === undefined ? { own: readOwnQuery({ vector, qnet }) } : readExpression(query)
}

/** A query that was made of a document was never a user's, and need not look like one. */
const withoutQuery = searchRequestSchema.omit({ query: true })

/** @throws HypershardError `invalid_request` for a weight that ranks have no use for, and a query without words */
function hybridSearchOf(
  { fusion, lexical, candidates }: HybridOptions,
  {
    k,
    own,
    composed,
    like,
    rerank,
    groupBy,
  }: Pick<SearchInput, 'k' | 'own' | 'composed' | 'like' | 'rerank' | 'groupBy'>,
): HybridSearch {
  if (composed !== undefined)
    throw refused('hybrid', 'takes words from one text, and an expression may have several; leave it out')
  if (own !== undefined || like !== undefined) {
    throw refused('hybrid', 'words are taken from `query`, and a vector, a qnet or like has none; leave hybrid out')
  }
  if (fusion === 'reciprocal_rank' && lexical !== undefined) {
    throw refused('hybrid', 'lexical belongs to the fusion convex, not to reciprocal_rank; leave one of them out')
  }
  return {
    fusion,
    lexical: lexical ?? hybridDefaults.lexical,
    candidates: Math.max(candidates, groupBy ? groupBy.groups * groupBy.hits : k, rerank?.candidates ?? 0),
  }
}

type Unjoined = Omit<SearchOptions, 'hybrid'>

/**
 * What is grouped or sorted might begin with a document that a cheaper plan leaves out, so that every one is scored.
 * @throws HypershardError `invalid_request` for what says otherwise
 */
function withEveryScore(options: Unjoined, what: 'group_by' | 'sort'): Unjoined {
  const { plan = 'exact', recall } = options
  if (plan === 'exact' && recall === undefined) return { ...options, plan }
  throw refused(
    recall === undefined ? 'plan' : 'recall',
    `${what} has every document scored, in the plan exact; leave it out`,
  )
}

/** @param path of what is wrong, in the request */
function refused(path: string, why: string): HypershardError {
  return new HypershardError('invalid_request', `${path}: ${why}`, { details: { path } })
}

function settle(options: Unjoined): Omit<SettledSearchOptions, 'hybrid'> {
  return { ...options, plan: planOf(options), recall: options.recall ?? searchDefaults.recall }
}

/** @throws HypershardError `invalid_request` for a recall beside a plan that cannot be told one */
function planOf({ plan, recall }: SearchOptions): SearchPlanName {
  if (recall === undefined) return plan ?? searchDefaults.plan
  if (plan === undefined || plan === 'auto') return 'auto'
  throw refused('recall', `belongs to the plan auto, not to ${plan}; leave one of them out`)
}
