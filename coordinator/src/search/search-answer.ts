import type { ErrorCode } from '@hypershard/common'
import type { SearchPlanName } from '@hypershard/contract'
import type { FetchedDocument, Passage } from '@hypershard/proto/shard'
import type { ExactValue, FieldType } from '@hypershard/storage'
import type { Fragment } from '../words/best-fragments.ts'
import type { TextInterpretation } from './composed/interpret-query.ts'
import type { LeafScores } from './composed/leaf-scores.ts'
import type { Coverage } from './coverage.ts'
import type { SearchProfile } from './search-profile.ts'
import type { FacetCounts } from './stages/count-facets.ts'

export interface Hit {
  readonly id: string
  /** Null when it is NaN or infinite. */
  readonly score: number | null
  /** Undefined when only ids were asked for. */
  readonly document: FetchedDocument | undefined
  /** Of the cross-encoder that it was ordered by. */
  readonly rerankScore?: number | undefined
  /** The part of its text that scored so, in code points; undefined where documents have one vector each. */
  readonly passage?: Passage | undefined
  /** By the tangent that found it; undefined where none did, or no profile was asked for. */
  readonly estimate?: number | undefined
  /** What was joined to `score`, where words were searched too; of the q-net null when it is NaN or infinite. */
  readonly scores?: { readonly qnet: number | null; readonly lexical: number }
  /** Of a composed query. */
  readonly composed?: LeafScores
  /** Undefined of a search that does not ask for it. */
  readonly highlight?: Highlight | undefined
}

/** What of a hit's text has the query's words. */
export interface Highlight {
  readonly fragments: readonly Fragment[]
  /** The text is longer than what was read of it. */
  readonly partial: boolean
}

/** What became of reranking. */
export interface RerankOutcome {
  readonly model: { readonly name: string; readonly digest: string }
  /** Whether hits of this page are in the cross-encoder's order. */
  readonly reranked: boolean
  /** Hits that it has ordered, on this page and others. */
  readonly documents: number
  /** Of these, texts that were longer than it reads. */
  readonly truncated: number
  /** Pairs that were scored for this answer; others were known. */
  readonly scored: number
  /** Why nothing was reranked; undefined where nothing failed. */
  readonly code?: ErrorCode | undefined
  readonly message?: string | undefined
}

export interface HitGroup {
  readonly type: FieldType
  /** Undefined: of the documents without one. */
  readonly value: ExactValue | undefined
  readonly hits: readonly Hit[]
}

export interface SearchAnswer {
  readonly hits: readonly Hit[]
  /** Instead of hits, where groups were asked for. */
  readonly groups?: readonly HitGroup[] | undefined
  /** One a facet asked for; undefined where nobody asked. */
  readonly facets?: readonly FacetCounts[] | undefined
  readonly coverage: Coverage
  readonly plan: SearchPlanName
  readonly manifestVersion: number
  readonly queryTruncated: boolean
  /** Of the query, those that the model read. */
  readonly queryTokens: number
  /** Of these, the ones that its vocabulary does not have. */
  readonly queryUnknownTokens: number
  /** It was kept from an earlier search of the same. */
  readonly cached: boolean
  /** Null on the last page. */
  readonly nextCursor: string | null
  readonly tookMs: number
  /** Undefined of a search that does not ask for it. */
  readonly rerank?: RerankOutcome | undefined
  /** Where the leaves of a composed query stand. */
  readonly leaves?: readonly string[] | undefined
  /** Of a search that asks for it. */
  readonly interpretation?: TextInterpretation | undefined
  readonly profile: SearchProfile | undefined
}
