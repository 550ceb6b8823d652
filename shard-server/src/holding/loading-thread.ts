/** The thread that reads segments: hashing and checking gigabytes must not hold up calls or scores. */
import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import { type IdColumn, openObjectStore, openSegment, type SegmentReference } from '@hypershard/segments'
import type { SharedIds } from '../scoring/messages.ts'
import { makeScanCopy, type ScanCopy } from '../scoring/scan-copy.ts'
import { type closeMessage, type ThreadReply, toFailure } from '../threads/thread-calls.ts'

export interface LoadingThreadData {
  readonly storeRoot: string
}

export interface LoadRequest {
  readonly call: number
  readonly segment: SegmentReference
}

export interface LoadedSegment {
  readonly vectors: Float32Array<SharedArrayBuffer>
  readonly ids: SharedIds
  readonly scanCopy: ScanCopy
  readonly width: number
  readonly modelDigest: string
}

const port = parentPort
assert(port !== null, 'the loading thread is started as a worker')
const store = openObjectStore((workerData as LoadingThreadData).storeRoot)

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

async function answer({ call, segment }: LoadRequest): Promise<void> {
  try {
    const loaded = await readWhole(segment)
    port?.postMessage({ call, answer: loaded } satisfies ThreadReply<LoadedSegment>)
  } catch (error) {
    port?.postMessage({ call, failure: toFailure(error) } satisfies ThreadReply<LoadedSegment>)
  }
}

/** Every file of the segment is checked, the documents too, though they stay on disk. */
async function readWhole(segment: SegmentReference): Promise<LoadedSegment> {
  const reader = await openSegment(await store, segment)
  const [vectors, ids] = [await reader.loadSharedVectors(), await reader.loadIds()]
  await reader.verifyDocuments()
  const { vectorWidth: width, modelDigest } = reader
  return { vectors, ids: toShared(ids), scanCopy: makeScanCopy(vectors, width), width, modelDigest }
}

function toShared(ids: IdColumn): SharedIds {
  const offsets = new Int32Array(new SharedArrayBuffer(ids.offsets.byteLength))
  offsets.set(ids.offsets)
  const bytes = new Uint8Array(new SharedArrayBuffer(ids.bytes.byteLength))
  bytes.set(ids.bytes)
  return { offsets, bytes }
}
