import type { IndexDescription } from '@hypershard/contract'
import type { Session } from '../../state/session.ts'
import { type IndexJobs, jobsOf } from './job-of.ts'

/** An index with its builds, or why these cannot be told. */
export interface SeenIndex {
  readonly description: IndexDescription
  readonly jobs: IndexJobs | undefined
  readonly error: unknown
}

/** Indexes that are asked for at a time: each answer is read from the object store. */
const askedMax = 4

/** All indexes of the key, in name order, with their builds. One that fails harms no other. */
export async function seeJobs({ client }: Pick<Session, 'client'>, signal: AbortSignal): Promise<readonly SeenIndex[]> {
  const { indexes } = await client.listIndexes({ signal })
  const seen: SeenIndex[] = []
  let next = 0
  const ask = async () => {
    while (next < indexes.length && !signal.aborted) {
      const at = next++
      const description = indexes[at]!
      seen[at] = await client.listGenerations(description.name, { signal }).then(
        ({ generations }) => ({ description, jobs: jobsOf(description.name, generations), error: undefined }),
        (error: unknown) => ({ description, jobs: undefined, error }),
      )
    }
  }
  await Promise.all(Array.from({ length: askedMax }, ask))
  return seen
}
