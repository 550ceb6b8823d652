/**
 * The thread of a device that is stopped in the middle of each ranking, as by a run of onnxruntime that takes long: until
 * somebody writes a word into a pipe. With the word `end` it ends, as one does whose driver has crashed.
 */
import { readFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import type { DeviceThreadData, ToDeviceThread } from '../device/messages.ts'

export type BlockingDeviceData = DeviceThreadData & { readonly pipe: string }

parentPort!.on('message', ({ type }: ToDeviceThread) => {
  // Nothing else runs on this thread while it waits for the pipe.
  if (type === 'rank' && readFileSync((workerData as BlockingDeviceData).pipe, 'utf8') === 'end') process.exit(3)
})

await import('../device/device-thread.ts')
