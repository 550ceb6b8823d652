/**
 * Stands in for the encoding worker in tests of its supervision: it holds no model, answers `tokenizeDocuments` with
 * nothing, never answers `encodeQueries`, and dies of `encodeDocuments`. Told to by its settings, it dies at its start, or
 * says that it holds a model after all.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { LoadedModel, WorkerMessage, WorkerRequest, WorkerSettings } from '../encoding/worker-protocol.ts'

const { modelDirectories, lane } = workerData as WorkerSettings
const isTold = (what: string) => modelDirectories.includes(what) || modelDirectories.includes(`${what} as ${lane}`)
const anotherModel = { digest: 'another' } as LoadedModel
if (isTold('die')) throw new Error('dead at the start')

parentPort?.on('message', ({ call, operation }: WorkerRequest) => {
  if (operation === 'encodeDocuments') throw new Error('as asked')
  if (operation === 'tokenizeDocuments') send({ type: 'answer', call, output: [] })
})
send({ type: 'ready', models: isTold('another model') ? [anotherModel] : [] })

function send(message: WorkerMessage): void {
  parentPort?.postMessage(message)
}
