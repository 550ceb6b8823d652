import type { Logger } from '@hypershard/common'
import type { Fields, SegmentReference } from '@hypershard/storage'
import { ThreadCalls } from '../threads/thread-calls.ts'
import type { LoadingThreadData, LoadRequest } from './loading-thread.ts'
import type { LoadedSegment } from './read-segment.ts'

/** The main thread's side of the loading thread. */
export class SegmentLoader {
  readonly #calls: ThreadCalls<LoadRequest, LoadedSegment>

  constructor(workerData: LoadingThreadData, log: Logger, onDeath: (error: Error) => void) {
    const file = new URL('./loading-thread.ts', import.meta.url)
    this.#calls = new ThreadCalls({ name: 'loading', file, workerData, log, onDeath })
  }

  /**
   * Reads a segment whole and checks every file of it.
   * @throws HypershardError `corrupt_data` naming the file, `storage_failed`
   */
  load(segment: SegmentReference, fields: Fields): Promise<LoadedSegment> {
    return this.#calls.call(call => ({ call, segment, fields })).answer
  }

  close(): Promise<void> {
    return this.#calls.close()
  }
}
