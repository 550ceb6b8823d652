/**
 * Stands in for the encoding worker in tests of its supervision: it holds no model, answers `tokenizeDocuments` with
 * nothing, never answers `encodeQueries`, and dies of `encodeDocuments`. Told to by its settings, it dies at its start.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { WorkerMessage, WorkerRequest, WorkerSettings } from '../encoding/worker-protocol.ts'

const { modelDirectories } = workerData as WorkerSettings
if (modelDirectories.includes('die')) throw new Error('dead at the start')

parentPort?.on('message', ({ call, operation }: WorkerRequest) => {
  if (operation === 'encodeDocuments') throw new Error('as asked')
  if (operation === 'tokenizeDocuments') send({ type: 'answer', call, output: [] })
})
send({ type: 'ready', models: [] })

function send(message: WorkerMessage): void {
  parentPort?.postMessage(message)
}
