/** The encoding worker's thread: holds the models and does one request after the other. */
import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import { isFailure, toFailure } from '@hypershard/common'
import { EncodingModel } from './encoding-model.ts'
import type { Operation, Output, WorkerMessage, WorkerRequest, WorkerSettings } from './worker-protocol.ts'

assert(parentPort !== null, 'this file is the start of a worker thread')
const port = parentPort
const settings = workerData as WorkerSettings

type Operations = { [Name in Operation]: (request: WorkerRequest<Name>) => Promise<Output<Name>> }

function operationsOf(models: readonly EncodingModel[]): Operations {
  return {
    tokenizeDocuments: async ({ input }) => models[input.model]!.tokenizeDocuments(input.texts),
    encodeDocuments: ({ input }) => models[input.model]!.encodeDocuments(input.ids),
    encodeQueries: ({ input }) => models[input.model]!.encodeQueries(input.queries),
  }
}

function send(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}

async function answer(operations: Operations, request: WorkerRequest): Promise<void> {
  const { call, operation } = request
  try {
    // The protocol's types tie a request's input to its operation; across the port only the name is left.
    const run = operations[operation] as (request: WorkerRequest) => Promise<Output<Operation>>
    const output = await run(request)
    send({ type: 'answer', call, output }, buffersOf(output))
  } catch (error) {
    send({ type: 'failed', call, ...toFailure(error) })
  }
}

/** The large buffers of an answer: handed over, not copied. */
function buffersOf(output: Output<Operation>): ArrayBuffer[] {
  if (output instanceof Float32Array) return [output.buffer]
  return output.flatMap(entry => ('bytes' in entry && !isFailure(entry) ? [entry.bytes.buffer] : []))
}

try {
  const models: EncodingModel[] = []
  for (const path of settings.modelDirectories) models.push(await EncodingModel.open(path, settings.threads))
  const operations = operationsOf(models)
  // onnxruntime's calls are asynchronous in form; the chain keeps requests from running into one another.
  let last = Promise.resolve()
  port.on('message', (request: WorkerRequest) => {
    last = last.then(() => answer(operations, request))
  })
  send({ type: 'ready', models: models.map(model => model.loaded) })
} catch (error) {
  send({ type: 'notReady', ...toFailure(error) })
}
