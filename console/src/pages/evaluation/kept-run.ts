import type { AskedQueries, FailedQuery, Run } from '@hypershard/evaluation/browser'
import type { LabSettings, SearchFilter } from '../lab/lab-state.ts'

/** Hits of queries that are kept in the tab, to be judged and compared. */
export interface KeptRun {
  /** No other run of the tab has it. */
  readonly id: string
  readonly name: string
  readonly run: Run
  /** What was asked; undefined of a run that was read from a file. */
  readonly asked: AskedIndex | undefined
}

/** How an index was asked, and what is to be known of the answers. */
export interface AskedIndex {
  readonly index: string
  readonly settings: LabSettings
  readonly filter: SearchFilter | undefined
  readonly limit: number
  readonly failures: readonly FailedQuery[]
  readonly truncated: AskedQueries['truncated']
  readonly unread: AskedQueries['unread']
  readonly manifestVersions: AskedQueries['manifestVersions']
  readonly tookMs: number
}
