import { Deadline, HypershardError, type Logger, withoutByteOrderMark } from '@hypershard/common'
import { hyperHeadBytesMax } from '@hypershard/proto/limits'
import { hyperHeadFile, parseModelJson } from '@hypershard/qnet'
import { type ObjectStore, readHyperHead, readModelJson, storeModel } from '@hypershard/storage'
import { LRUCache } from 'lru-cache'
import { failureFacts } from '../failure-facts.ts'
import type { EncoderPort } from '../ports.ts'

export interface ModelKeeperParts {
  readonly store: ObjectStore
  readonly encoder: Pick<EncoderPort, 'readModelFile'>
  readonly log: Logger
}

/** How long a model that was found stored counts as that. */
const keptMs = 3_600_000
/** How long after a failure, as of an encoder service that is away, it is tried again. */
const retryMs = 30_000
const modelsMax = 1_000

/** Reading one model from the encoder service and writing it, a hundred megabytes at most. */
const storeMsMax = 120_000

/**
 * Puts what makes q-nets of models into the object store, where shard servers find it, and puts it there again when it is
 * missing or altered. Nobody waits for that: until it is done searches are sent weights. Several coordinators may do the
 * same, since names are digests of content.
 */
export class ModelKeeper {
  readonly #parts: ModelKeeperParts
  /** Models that need no look for a while. */
  readonly #seen = new LRUCache<string, true>({ max: modelsMax, ttl: keptMs })
  readonly #running = new Map<string, Promise<void>>()
  readonly #stop = new AbortController()

  constructor(parts: ModelKeeperParts) {
    this.#parts = parts
  }

  /** Sees to it that a model is stored, unless that was done lately. */
  keep(model: string): void {
    if (!this.#seen.has(model)) this.#start(model, () => this.#isStored(model))
  }

  /** A shard server could not use what is stored: reads all of it. */
  mend(model: string): void {
    this.#start(model, () => this.#isWhole(model))
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#running.values())
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.idle()
  }

  #start(model: string, isThere: () => Promise<boolean>): void {
    if (this.#running.has(model) || this.#stop.signal.aborted) return
    this.#seen.set(model, true)
    const running = this.#run(model, isThere).finally(() => this.#running.delete(model))
    this.#running.set(model, running)
  }

  async #run(model: string, isThere: () => Promise<boolean>): Promise<void> {
    const { log } = this.#parts
    try {
      if (!(await isThere())) await this.#store(model)
    } catch (error) {
      if (!(error instanceof HypershardError)) log.error({ err: error, model }, 'storing a model failed')
      else log.debug({ ...failureFacts(error), model }, 'a model could not be stored')
      this.#seen.set(model, true, { ttl: retryMs })
    }
  }

  /** Its `model.json` is stored last. */
  async #isStored(model: string): Promise<boolean> {
    return (await this.#read(() => readModelJson(this.#parts.store, model))) !== undefined
  }

  async #isWhole(model: string): Promise<boolean> {
    const { store } = this.#parts
    const modelJson = await this.#read(() => readModelJson(store, model))
    if (modelJson === undefined) return false
    const file = hyperHeadFile(parseModelJson(nameOf(model), Buffer.from(modelJson)))
    if (file === undefined || file.facts.bytes > hyperHeadBytesMax) return true
    return (await this.#read(() => readHyperHead(store, model, file.facts))) !== undefined
  }

  /** Undefined for what is missing, and for what is altered, which is told. */
  async #read(read: () => Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof HypershardError) || error.code !== 'corrupt_data') throw error
      this.#parts.log.warn(failureFacts(error), 'a stored model is damaged')
      return undefined
    }
  }

  async #store(model: string): Promise<void> {
    const { encoder, store, log } = this.#parts
    const deadline = Deadline.after(storeMsMax, { signal: this.#stop.signal })
    const read = (file: 'modelJson' | 'hyperHead') => encoder.readModelFile({ modelDigest: model, file }, deadline)
    const modelJson = withoutByteOrderMark(Buffer.from(await read('modelJson')))
    const facts = hyperHeadFile(parseModelJson(nameOf(model), modelJson))?.facts
    // Its searches are sent weights.
    if (facts !== undefined && facts.bytes > hyperHeadBytesMax) return
    const hyperHead = facts && { sha256: facts.sha256, content: await read('hyperHead') }
    const files = await storeModel(store, model, { modelJson, hyperHead })
    if (files.length > 0) log.info({ model, files }, 'model stored for shard servers')
  }
}

function nameOf(model: string): string {
  return `${model.slice(0, 12)} of the encoder service`
}
