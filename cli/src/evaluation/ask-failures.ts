import { NotReachable } from '@hypershard/client'
import type { AskOptions } from '@hypershard/evaluation'
import { problemOf } from '../api/problem.ts'

/** How failed queries are told: a cluster that is not there stays told apart from one that refuses. */
export const askFailures: Pick<AskOptions, 'problemOf' | 'failureOf'> = {
  problemOf,
  failureOf: (error, message) =>
    error instanceof NotReachable ? new NotReachable(error.code, message, error) : undefined,
}
