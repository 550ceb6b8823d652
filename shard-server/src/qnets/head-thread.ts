/** The thread that makes q-nets of token states: a hyper-head of width 768 is billions of operations a query. */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { HypershardError, toFailure } from '@hypershard/common'
import {
  checkWeights,
  decodeTokenStates,
  kernelIdentity,
  loadModelHead,
  type ModelHead,
  openQueryHead,
  type QNetArchitecture,
  type QueryHead,
  readWeights,
  type TokenStatesShape,
  tokenStatesDigest,
  weightsBytes,
} from '@hypershard/qnet'
import { openObjectStore } from '@hypershard/storage/models'
import { TurnQueue } from '../cpu/turn-queue.ts'
import type { closeMessage, ThreadReply } from '../threads/thread-calls.ts'
import { type HeldHead, HeldHeads } from './held-heads.ts'
import { QNetExchange } from './qnet-exchange.ts'
import { readStoredHead } from './read-stored-head.ts'
import { SharedMaking } from './shared-making.ts'

export interface HeadThreadData {
  /** Model directories, which come before what is stored. */
  readonly models: readonly string[]
  readonly storeRoot: string
  /** Threads inside one operator of onnxruntime. */
  readonly threads: number
  /** Where shard servers of this machine leave q-nets for each other, and the version of this one; undefined for nowhere. */
  readonly exchange: { readonly folder: string; readonly version: string } | undefined
}

export interface HeadRequest {
  readonly call: number
  readonly modelDigest: string
  readonly digest: string
  readonly shape: TokenStatesShape
  /** `encodeTokenStates` */
  readonly states: Uint8Array
  /** Shared memory to write the weights into, where the caller knows how many bytes they have. */
  readonly into: Uint8Array<SharedArrayBuffer> | undefined
  /**
   * Whether it may be made elsewhere. Of a search that is alone every server makes it: that takes no longer than to wait for
   * another one, which would be waited for by looks.
   */
  readonly share: boolean
}

/** Has a model's hyper-head loaded before it is needed; wants no answer. */
export interface WarmRequest {
  readonly warm: string
}

/** Nobody waits for a call's q-net any more: it is not made unless that has begun. */
export interface CancelRequest {
  readonly cancel: number
}

export type HeadMessage = HeadRequest | WarmRequest | CancelRequest

/** A q-net as `encodeWeights` has it in f32. */
export interface MadeQNet {
  readonly architecture: QNetArchitecture
  /** Undefined where they were written into the memory that was given. All of them are finite. */
  readonly weights: Uint8Array<ArrayBuffer> | undefined
  /** From its turn until the weights were there. */
  readonly headMs: number
  /** Whether another server of the machine has made it. */
  readonly wasRead: boolean
  /** Why none are shared with other servers any more, told once. */
  readonly sharingLost: string | undefined
}

interface Model extends HeldHead {
  readonly architecture: QNetArchitecture
  readonly width: number
  readonly head: QueryHead
}

const port = parentPort
assert(port !== null, 'the head thread is started as a worker')
const { models: directories, storeRoot, threads, exchange: shared } = workerData as HeadThreadData
const store = openObjectStore(storeRoot)
const local = openDirectories()
// A failure is told to each call.
local.catch(() => undefined)
const stored = new HeldHeads(async modelDigest => openModel(await readStoredHead(await store, modelDigest)))

/** A q-net that is made elsewhere is looked for again after this. */
const lookAfterMs = 1

const making = new SharedMaking(
  shared && new QNetExchange(shared.folder, { kernel: kernelIdentity(), version: shared.version }),
)

/** One at a time; between two of them the thread hears who has gone. */
const queue = new TurnQueue()
/** Of calls that are not answered yet. */
const underWay = new Map<number, { cancelled: boolean }>()
let closing = false
port.on('message', (message: HeadMessage | typeof closeMessage) => {
  if ('type' in message) {
    closing = true
    queue.close()
    making.close()
    port.close()
  } else if ('warm' in message) {
    void warm(message.warm)
  } else if ('cancel' in message) {
    const call = underWay.get(message.cancel)
    if (call !== undefined) call.cancelled = true
  } else {
    void answer(message)
  }
})

async function openDirectories(): Promise<ReadonlyMap<string, Model>> {
  const opened = new Map<string, Model>()
  for (const path of directories) {
    const head = await loadModelHead(path)
    opened.set(head.digest, await openModel(head))
  }
  return opened
}

async function openModel(model: ModelHead): Promise<Model> {
  const { qnet, encoder } = model.settings
  const bytes = [...model.files.values()].reduce((sum, file) => sum + file.byteLength, 0)
  return { architecture: qnet, width: encoder.hiddenWidth, head: await openQueryHead(model, threads), bytes }
}

async function modelOf(modelDigest: string): Promise<Model> {
  return (await local).get(modelDigest) ?? stored.get(modelDigest)
}

async function warm(modelDigest: string): Promise<void> {
  const opened = await local.catch(() => undefined)
  if (!closing && opened?.has(modelDigest) === false) stored.warm(modelDigest)
}

async function answer(request: HeadRequest): Promise<void> {
  const { call } = request
  const state = { cancelled: false }
  underWay.set(call, state)
  try {
    // Outside the queue: reading one model's hyper-head delays no other model's q-nets.
    const model = await modelOf(request.modelDigest)
    const made = await obtain(request, model, state)
    // The weights are handed over, not copied.
    const move = made.weights === undefined ? [] : [made.weights.buffer]
    port?.postMessage({ call, answer: made } satisfies ThreadReply<MadeQNet>, move)
  } catch (error) {
    port?.postMessage({ call, ...toFailure(error) } satisfies ThreadReply<MadeQNet>)
  } finally {
    underWay.delete(call)
  }
}

/** While another server makes it, others have their turns. */
async function obtain(request: HeadRequest, model: Model, state: { readonly cancelled: boolean }): Promise<MadeQNet> {
  const { digest, into, share } = request
  const { architecture } = model
  const own = into === undefined ? new Uint8Array(weightsBytes(architecture, 'f32')) : undefined
  const weights = (own ?? into)!
  const make = () => makeQNet(request, model, weights)
  let beginMs: number | undefined
  for (;;) {
    const outcome = await queue.run(() => {
      if (state.cancelled) throw new HypershardError('cancelled', 'nobody waits for this q-net any more')
      if (beginMs === undefined) expectStates(request, model)
      const nowMs = performance.now()
      beginMs ??= nowMs
      if (!share) return make().then(() => 'made' as const)
      return making.takeTurn({ digest, weights, waitedMs: nowMs - beginMs, make })
    })
    if (outcome !== 'elsewhere') {
      const headMs = performance.now() - beginMs!
      return { architecture, weights: own, headMs, wasRead: outcome === 'read', sharingLost: making.takeLoss() }
    }
    await pause(lookAfterMs)
  }
}

function expectStates({ modelDigest, digest, shape, states }: HeadRequest, model: Model): void {
  if (shape.width !== model.width) {
    const message = `token states: their width is ${shape.width}, the model's is ${model.width}`
    throw new HypershardError('invalid_request', message)
  }
  if (tokenStatesDigest(modelDigest, shape, states) !== digest) {
    throw new HypershardError('invalid_request', 'token states: they do not hash to the digest; send them again')
  }
}

/** onnxruntime writes the weights where they belong. */
async function makeQNet({ states, shape }: HeadRequest, model: Model, weights: Uint8Array): Promise<void> {
  const tensors = readWeights(model.architecture, weights, 'f32')
  await model.head(decodeTokenStates(states, shape), tensors)
  checkWeights(model.architecture, tensors)
}
