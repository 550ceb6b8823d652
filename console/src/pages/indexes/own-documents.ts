import { fewAtATime } from '../../state/few-at-a-time.ts'
import type { Session } from '../../state/session.ts'

/** An index as a key with a filter may know it. */
export interface OwnIndex {
  readonly name: string
  /** Documents that pass the filter of the key; undefined where they could not be counted. */
  readonly documents: number | undefined
  readonly error: unknown
}

/** What names of indexes a key may use; of a pattern with `*` nobody but the coordinator knows which there are. */
export interface NamedIndexes {
  readonly names: readonly string[]
  readonly patterns: readonly string[]
}

export function namedIndexes({ indexes }: Pick<Session['access'], 'indexes'>): NamedIndexes {
  return {
    names: indexes.filter(name => !name.includes('*')).toSorted(),
    patterns: indexes.filter(name => name.includes('*')),
  }
}

/** Counts that are asked for at a time: each is of every shard of an index. */
const askedMax = 4

/** What of each index is the key's. One that fails harms no other. */
export function seeOwnDocuments(
  { client }: Pick<Session, 'client'>,
  names: readonly string[],
  signal: AbortSignal,
): Promise<OwnIndex[]> {
  return fewAtATime(names, { most: askedMax, signal }, name =>
    client.countDocuments(name, {}, { signal }).then(
      ({ count }) => ({ name, documents: count, error: undefined }),
      (error: unknown) => ({ name, documents: undefined, error }),
    ),
  )
}
