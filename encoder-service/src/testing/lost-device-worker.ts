/**
 * Stands in for an encoding worker whose device fails: it answers `tokenizeDocuments` with two tokens a text, keeps
 * `encodeQueries` waiting until long after, and at `encodeDocuments` the device is lost.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { toFailure } from '@hypershard/common'
import { deviceLost, loadModelDirectory } from '@hypershard/qnet'
import {
  loadedModel,
  type WorkerMessage,
  type WorkerRequest,
  type WorkerSettings,
} from '../encoding/worker-protocol.ts'

const { modelDirectories } = workerData as WorkerSettings
/** Longer than it takes to lose the device, and no longer than the service takes to end then. */
const lateMs = 2_000
const late = new Error('told to be late')

parentPort?.on('message', (request: WorkerRequest) => {
  const { call, operation, input } = request
  if (operation === 'encodeQueries') setTimeout(() => send({ type: 'failed', call, ...toFailure(late) }), lateMs)
  if (operation === 'encodeDocuments') send({ type: 'failed', call, ...toFailure(deviceLost('told to fail')) })
  if (operation !== 'tokenizeDocuments' || !('texts' in input)) return
  const text = { ids: Int32Array.of(1, 2), truncated: false, textTokens: 0, unknownTokens: 0 }
  send({ type: 'answer', call, output: input.texts.map(() => text) })
})
const directories = await Promise.all(modelDirectories.map(path => loadModelDirectory(path)))
send({ type: 'ready', models: directories.map(directory => loadedModel(directory)) })

function send(message: WorkerMessage): void {
  parentPort?.postMessage(message)
}
