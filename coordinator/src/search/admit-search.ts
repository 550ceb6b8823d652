import type { RequestContext, WorkGate } from '@hypershard/common'
import type { StoreWatcher } from '../catalog/store-watcher.ts'
import type { SearchPace } from '../pace/search-pace.ts'
import { type SearchParts, search } from './search.ts'
import type { SearchAnswer } from './search-answer.ts'
import type { SearchInput } from './search-input.ts'
import type { SearchMeter } from './search-meter.ts'

export interface AdmittingParts extends SearchParts {
  readonly watcher: StoreWatcher
  readonly pace: SearchPace
  readonly searches: WorkGate
  readonly searchMeter: SearchMeter
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
  return parts.searchMeter.measure(input.plan, async admitted => {
    if (input.minSequence > 0) {
      const { record } = parts.catalog.get(input.index)
      await parts.watcher.untilSearchable(input.index, record.uid, input.minSequence, context.deadline)
    }
    return parts.pace.time(() => parts.searches.run(context.deadline, () => search(input, context, parts, admitted())))
  })
}
