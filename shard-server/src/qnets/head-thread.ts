/** The thread that makes q-nets of token states: a hyper-head of width 768 is billions of operations a query. */
import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import { HypershardError, toFailure } from '@hypershard/common'
import {
  decodeTokenStates,
  encodeWeights,
  loadModelDirectory,
  openQueryHead,
  type QNetArchitecture,
  type QueryHead,
  type TokenStatesShape,
  tokenStatesDigest,
} from '@hypershard/qnet'
import type { closeMessage, ThreadReply } from '../threads/thread-calls.ts'

export interface HeadThreadData {
  /** Model directories. */
  readonly models: readonly string[]
  /** Threads inside one operator of onnxruntime. */
  readonly threads: number
}

export interface HeadRequest {
  readonly call: number
  readonly modelDigest: string
  readonly digest: string
  readonly shape: TokenStatesShape
  /** `encodeTokenStates` */
  readonly states: Uint8Array
}

/** A q-net as `encodeWeights` has it in f32. */
export interface MadeQNet {
  readonly architecture: QNetArchitecture
  readonly weights: Uint8Array
  readonly headMs: number
}

interface Model {
  readonly architecture: QNetArchitecture
  readonly width: number
  readonly head: QueryHead
}

const port = parentPort
assert(port !== null, 'the head thread is started as a worker')
const { models: directories, threads } = workerData as HeadThreadData
const models = openModels()
// A failure is told to each call.
models.catch(() => undefined)

let queue: Promise<void> = Promise.resolve()
let closing = false
port.on('message', (message: HeadRequest | typeof closeMessage) => {
  if ('type' in message) {
    closing = true
    port.close()
  } else {
    queue = queue.then(() => (closing ? undefined : answer(message)))
  }
})

async function openModels(): Promise<ReadonlyMap<string, Model>> {
  const opened = new Map<string, Model>()
  for (const path of directories) {
    const directory = await loadModelDirectory(path)
    const { qnet, encoder } = directory.settings
    const head = await openQueryHead(directory, threads)
    opened.set(directory.digest, { architecture: qnet, width: encoder.hiddenWidth, head })
  }
  return opened
}

async function answer(request: HeadRequest): Promise<void> {
  const { call } = request
  try {
    port?.postMessage({ call, answer: await makeQNet(request) } satisfies ThreadReply<MadeQNet>)
  } catch (error) {
    port?.postMessage({ call, ...toFailure(error) } satisfies ThreadReply<MadeQNet>)
  }
}

async function makeQNet({ modelDigest, digest, shape, states }: HeadRequest): Promise<MadeQNet> {
  const beginMs = performance.now()
  const model = (await models).get(modelDigest)
  if (model === undefined) {
    const message = `this shard server does not hold model ${modelDigest.slice(0, 12)}; name its directory in HYPERSHARD_SHARD_MODELS`
    throw new HypershardError('model_not_found', message)
  }
  if (shape.width !== model.width) {
    const message = `token states: their width is ${shape.width}, the model's is ${model.width}`
    throw new HypershardError('invalid_request', message)
  }
  if (tokenStatesDigest(modelDigest, shape, states) !== digest) {
    throw new HypershardError('invalid_request', 'token states: they do not hash to the digest; send them again')
  }
  const weights = encodeWeights(model.architecture, await model.head(decodeTokenStates(states, shape)), 'f32')
  return { architecture: model.architecture, weights, headMs: performance.now() - beginMs }
}
