/** An encoding worker's thread: holds its half of the models and does one request after the other. */
import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import { isFailure, toFailure } from '@hypershard/common'
import { loadCrossEncoderDirectory, loadModelDirectory } from '@hypershard/qnet'
import { EncodingDevice } from '../device/encoding-device.ts'
import { PairModel } from '../pairs/pair-model.ts'
import { DocumentModel } from './document-model.ts'
import { QueryModel } from './query-model.ts'
import type { Operation, Output, WorkerMessage, WorkerRequest, WorkerSettings } from './worker-protocol.ts'
import { pairNiceSteps, yieldToOthers } from './yield-to-others.ts'

assert(parentPort !== null, 'this file is the start of a worker thread')
const port = parentPort
const settings = workerData as WorkerSettings

/** The operations of one lane. */
type Operations = { [Name in Operation]?: (request: WorkerRequest<Name>) => Promise<Output<Name>> }

const device = settings.device && new EncodingDevice(settings.device, settings.lane)
const opening = { threads: settings.threads, kernel: settings.kernel, device }

async function openModels<Model>(open: (path: string) => Promise<Model>): Promise<Model[]> {
  const models: Model[] = []
  for (const path of settings.modelDirectories) models.push(await open(path))
  return models
}

interface OpenLane {
  readonly operations: Operations
  readonly models: Extract<WorkerMessage, { type: 'ready' }>['models']
}

async function openLane(): Promise<OpenLane> {
  if (settings.lane === 'pair') return openPairLane()
  if (settings.lane === 'query') {
    const models = await openModels(async path => QueryModel.open(await loadModelDirectory(path), opening))
    const encodeQueries: Operations['encodeQueries'] = ({ input }) => models[input.model]!.encodeQueries(input.queries)
    return { operations: { encodeQueries }, models: models.map(model => model.loaded) }
  }
  yieldToOthers()
  const models = await openModels(async path => DocumentModel.open(await loadModelDirectory(path), opening))
  const operations: Operations = {
    tokenizeDocuments: async ({ input }) => models[input.model]!.tokenizeDocuments(input.texts),
    cutDocuments: async ({ input }) => models[input.model]!.cutDocuments(input.documents, input.overlap),
    encodeDocuments: ({ input }) => models[input.model]!.encodeDocuments(input.ids),
  }
  return { operations, models: models.map(model => model.loaded) }
}

/** Somebody waits for pairs too, but each search has many of them, and only one query. */
async function openPairLane(): Promise<OpenLane> {
  yieldToOthers(pairNiceSteps)
  const models = await openModels(async path => PairModel.open(await loadCrossEncoderDirectory(path), opening))
  const operations: Operations = {
    tokenizePairs: async ({ input }) => models[input.model]!.tokenizePairs(input.query, input.texts),
    scorePairs: ({ input }) => models[input.model]!.scorePairs(input.pairs),
  }
  return { operations, models: models.map(model => model.loaded) }
}

function send(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}

async function answer(operations: Operations, request: WorkerRequest): Promise<void> {
  const { call, operation } = request
  try {
    // The protocol's types tie a request's input to its operation; across the port only the name is left.
    const run = operations[operation] as ((request: WorkerRequest) => Promise<Output<Operation>>) | undefined
    assert(run !== undefined, `${operation} is not for the ${settings.lane} worker`)
    const output = await run(request)
    send({ type: 'answer', call, output }, buffersOf(output))
  } catch (error) {
    send({ type: 'failed', call, ...toFailure(error) })
  }
}

/** The large buffers of an answer: handed over, not copied. */
function buffersOf(output: Output<Operation>): ArrayBuffer[] {
  if (output instanceof Float32Array) return [output.buffer]
  if (!Array.isArray(output)) return []
  return output.flatMap(entry => ('bytes' in entry && !isFailure(entry) ? [entry.bytes.buffer] : []))
}

try {
  await device?.probe()
  const { operations, models } = await openLane()
  device?.noteStarted()
  // onnxruntime's calls are asynchronous in form; the chain keeps requests from running into one another.
  let last = Promise.resolve()
  port.on('message', (request: WorkerRequest) => {
    last = last.then(() => answer(operations, request))
  })
  send({ type: 'ready', models })
} catch (error) {
  send({ type: 'notReady', ...toFailure(error) })
}
