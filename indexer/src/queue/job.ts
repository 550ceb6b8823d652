/** One piece of work: a pointer to what lies in the object store, never the thing itself. */
export type Job =
  | {
      /** advance: follow the log. compact: merge segments. */
      readonly kind: 'advance' | 'compact'
      readonly index: string
      readonly indexUid: string
      readonly generation: number
    }
  | {
      readonly kind: 'backfill'
      readonly index: string
      readonly indexUid: string
      readonly generation: number
      readonly slice: number
    }
  | {
      /** Delete what nothing of these indexes needs any more. */
      readonly kind: 'collect'
      readonly indexes: readonly string[]
    }
  | {
      /** Delete stored models that no index is of: all indexes are read for that. */
      readonly kind: 'collect-models'
    }

/** Jobs with the same key are the same job: it waits or runs once. */
export function jobKey(job: Job): string {
  if (job.kind === 'collect') return `collect-${job.indexes.join('-')}`
  if (job.kind === 'collect-models') return job.kind
  const target = `${job.kind}-${job.indexUid}-${job.generation}`
  return job.kind === 'backfill' ? `${target}-${job.slice}` : target
}
