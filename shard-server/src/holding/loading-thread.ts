/** The thread that reads segments: hashing and checking gigabytes must not delay calls or scores. */
import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import { toFailure } from '@hypershard/common'
import { type Fields, openObjectStore, type SegmentReference } from '@hypershard/storage'
import type { closeMessage, ThreadReply } from '../threads/thread-calls.ts'
import { type HoldingPlaces, type LoadedSegment, readSegment } from './read-segment.ts'

export interface LoadingThreadData {
  readonly storeRoot: string
  readonly places: HoldingPlaces
}

export interface LoadRequest {
  readonly call: number
  readonly segment: SegmentReference
  /** Of the manifest. */
  readonly fields: Fields
}

const port = parentPort
assert(port !== null, 'the loading thread is started as a worker')
const { storeRoot, places } = workerData as LoadingThreadData
const store = openObjectStore(storeRoot)

// One at a time: two loads at once would take the disk's time from each other and twice the memory.
let queue: Promise<void> = Promise.resolve()
let closing = false
port.on('message', (message: LoadRequest | typeof closeMessage) => {
  if ('type' in message) {
    closing = true
    port.close()
  } else {
    queue = queue.then(() => (closing ? undefined : answer(message)))
  }
})

async function answer({ call, segment, fields }: LoadRequest): Promise<void> {
  try {
    const loaded = await readSegment(await store, segment, fields, places)
    port?.postMessage({ call, answer: loaded } satisfies ThreadReply<LoadedSegment>)
  } catch (error) {
    port?.postMessage({ call, ...toFailure(error) } satisfies ThreadReply<LoadedSegment>)
  }
}
