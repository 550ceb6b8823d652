import { HypershardError } from '@hypershard/common'
import { sampleQueriesMax } from '@hypershard/contract'
import { type OwnQuery, type OwnQueryOptions, readOwnQueries } from './read-own-queries.ts'

/**
 * As many of the q-nets or vectors of a file as are taken, spread evenly over it; none where they are to be taken back.
 * @throws HypershardError `invalid_request`
 */
export async function readSampleQNets(options: OwnQueryOptions & { readonly none?: boolean }): Promise<OwnQuery[]> {
  const { queryQnets, queryVectors, none = false } = options
  const named = [queryQnets, queryVectors, none || undefined].filter(given => given !== undefined)
  if (named.length !== 1) {
    throw new HypershardError('invalid_request', 'give one of --query-qnets, --query-vectors and --none')
  }
  const all = [...((await readOwnQueries(options))?.values() ?? [])]
  const count = Math.min(all.length, sampleQueriesMax)
  return Array.from({ length: count }, (_, at) => all[Math.floor((at * all.length) / count)]!)
}
