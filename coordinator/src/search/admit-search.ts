import type { RequestContext, WorkGate } from '@hypershard/common'
import type { StoreWatcher } from '../catalog/store-watcher.ts'
import type { SearchPace } from '../pace/search-pace.ts'
import { unlessDeleted } from './deleted-meanwhile.ts'
import { type SearchParts, search } from './search.ts'
import type { SearchAnswer } from './search-answer.ts'
import type { SearchInput } from './search-input.ts'
import type { SearchMeter } from './search-meter.ts'
import type { Stopwatch } from './search-profile.ts'
import type { SearchTrail } from './search-trail.ts'
import type { SlowSearches } from './slow-searches.ts'

export interface AdmittingParts extends SearchParts {
  readonly watcher: StoreWatcher
  readonly pace: SearchPace
  readonly searches: WorkGate
  readonly searchMeter: SearchMeter
  readonly slowSearches: SlowSearches
}

/**
 * The door of every search, whoever asks: a user over HTTP or gRPC, or a parity report. Waits for the write that the
 * answer must see, then for a place among the searches that run at a time. Counts each once, however it ends.
 * @throws HypershardError `overloaded`, and what `search` throws
 */
export async function admitSearch(
  input: SearchInput,
  context: RequestContext,
  parts: AdmittingParts,
): Promise<SearchAnswer> {
  return context.step('search', inner =>
    parts.slowSearches.watch(input, inner, async trail => {
      const search = (admitted: () => Stopwatch) => searchInTurn(input, inner, parts, { trail, admitted })
      const answer = await parts.searchMeter.measure(input.plan, search)
      if (inner.trace.recording) inner.trace.set(factsOf(input, answer))
      return answer
    }),
  )
}

async function searchInTurn(
  input: SearchInput,
  context: RequestContext,
  parts: AdmittingParts,
  { trail, admitted }: { readonly trail: SearchTrail; readonly admitted: () => Stopwatch },
): Promise<SearchAnswer> {
  await waitForWrite(input, context, parts)
  const begin = () => {
    trail.watch = admitted()
    return unlessDeleted(input.index, context, parts, () => search(input, context, parts, trail))
  }
  return parts.pace.time(() => parts.searches.run(context.deadline, begin))
}

/** Until the write can be seen that the answer must see. */
export async function waitForWrite(
  { index, minSequence }: Pick<SearchInput, 'index' | 'minSequence'>,
  context: RequestContext,
  { catalog, watcher }: Pick<AdmittingParts, 'catalog' | 'watcher'>,
): Promise<void> {
  if (minSequence === 0) return
  const { record } = catalog.get(index)
  const see = ({ deadline }: RequestContext) => watcher.untilSearchable(index, record.uid, minSequence, deadline)
  await context.step('wait for write', see)
}

function factsOf({ index, plan, k, filter }: SearchInput, answer: SearchAnswer) {
  const { cached, coverage, manifestVersion, hits, rerank } = answer
  return {
    'hypershard.index': index,
    'hypershard.plan': plan,
    'hypershard.k': k,
    'hypershard.filtered': filter !== undefined,
    'hypershard.cached': cached,
    'hypershard.coverage': coverage.ratio,
    'hypershard.manifest_version': manifestVersion,
    'hypershard.hits': hits.length,
    ...(rerank && { 'hypershard.reranked': rerank.reranked }),
  }
}
