/** Looks at the object store whose location it is given, and tells what it found. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '@hypershard/common'
import { openObjectStore, probeStore } from '@hypershard/storage'

export interface StoreProbeAnswer {
  /** Why the store could not be asked. */
  readonly failure: string | undefined
  /** Promises that it does not keep. */
  readonly broken: readonly string[]
  /** How far the clock that dates its files is ahead of this machine's; undefined where there are no files. */
  readonly fileSkewMs: number | undefined
}

const location = workerData as string

parentPort!.postMessage(await probe())

async function probe(): Promise<StoreProbeAnswer> {
  let fileSkewMs: number | undefined
  try {
    const store = await openObjectStore(location)
    const { broken } = await probeStore(store, async key => {
      if (!location.startsWith('s3:')) fileSkewMs = (await stat(join(location, key))).mtimeMs - Date.now()
    })
    return { failure: undefined, broken, fileSkewMs }
  } catch (error) {
    return { failure: messageOf(error), broken: [], fileSkewMs }
  }
}
