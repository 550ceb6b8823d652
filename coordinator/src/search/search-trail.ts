import type { Coverage } from './coverage.ts'
import type { FanOutOutcome } from './fan-out-request.ts'
import type { EncodedQueryAndOrigin } from './query-encoder.ts'
import type { Stopwatch } from './search-profile.ts'

/** What a search came to, noted step by step: of one that fails it tells how far it got. */
export interface SearchTrail {
  watch?: Stopwatch
  /** The whole answer was kept from an earlier search. */
  cached?: boolean
  query?: EncodedQueryAndOrigin
  outcome?: FanOutOutcome
  coverage?: Coverage
}
