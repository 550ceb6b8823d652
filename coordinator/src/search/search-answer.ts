import type { SearchPlanName } from '@hypershard/contract'
import type { FetchedDocument, Passage } from '@hypershard/proto/shard'
import type { Coverage } from './coverage.ts'
import type { SearchProfile } from './search-profile.ts'
import type { FacetCounts } from './stages/count-facets.ts'

export interface Hit {
  readonly id: string
  /** Null when it is NaN or infinite. */
  readonly score: number | null
  /** Undefined when only ids were asked for. */
  readonly document: FetchedDocument | undefined
  /** The part of its text that scored so, in code points; undefined where documents have one vector each. */
  readonly passage?: Passage | undefined
}

export interface SearchAnswer {
  readonly hits: readonly Hit[]
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
  readonly profile: SearchProfile | undefined
}
