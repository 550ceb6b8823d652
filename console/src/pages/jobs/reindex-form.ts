import type { ReindexRequest } from '@hypershard/contract'

/** The form for a reindex, as it is filled in. What is empty or undefined is left out of the request. */
export interface ReindexForm {
  /** A digest; empty for the default. */
  readonly model: string
  readonly shards: number | undefined
  readonly rate: number | undefined
  readonly p99: number | undefined
  /** One a line. */
  readonly samples: string
}

export const emptyReindexForm: ReindexForm = {
  model: '',
  shards: undefined,
  rate: undefined,
  p99: undefined,
  samples: '',
}

export function requestOf({ model, shards, rate, p99, samples }: ReindexForm): ReindexRequest {
  const queries = linesIn(samples)
  return {
    ...(model !== '' && { model }),
    ...(shards !== undefined && { shards }),
    ...(rate !== undefined && { documents_per_second_max: rate }),
    ...(p99 !== undefined && { search_p99_ms_max: p99 }),
    ...(queries.length > 0 && { sample_queries: queries }),
  }
}

/** Queries of a text field: one a line, without those that are blank. */
export function linesIn(text: string): string[] {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
}
