import type { HypershardError } from '@hypershard/common'
import { deviceLost, isDeviceLost } from '@hypershard/qnet'
import type { Input, Operation, Output } from '../encoding/worker-protocol.ts'
import type { EncodingPort } from '../ports.ts'

/**
 * A batch takes a device some milliseconds, a first one seconds in which it compiles; one that takes so long does not return.
 */
export const hungMs = 120_000

/** What runs on the device; the rest is the processor's. */
const deviceOperations: readonly Operation[] = ['encodeQueries', 'encodeDocuments', 'scorePairs']

/** Does work after a while, unless it is called off. @returns what calls it off */
export type Later = (work: () => void, ms: number) => () => void

const afterMs: Later = (work, ms) => {
  const timer = setTimeout(work, ms)
  return () => clearTimeout(timer)
}

/** Encoding workers whose graphs run on a device, until that is lost: by an error of a run, or by silence. */
export class DeviceWorkers implements EncodingPort {
  readonly #workers: EncodingPort
  readonly #onLost: (error: HypershardError) => void
  readonly #later: Later
  /** Tells those who wait. */
  readonly #losing = Promise.withResolvers<never>()
  #lost: HypershardError | undefined

  /** @param onLost told once */
  constructor(workers: EncodingPort, onLost: (error: HypershardError) => void, later = afterMs) {
    this.#workers = workers
    this.#onLost = onLost
    this.#later = later
    this.#losing.promise.catch(() => undefined)
  }

  get models() {
    return this.#workers.models
  }

  get crossEncoders() {
    return this.#workers.crossEncoders
  }

  /** @throws HypershardError `unavailable` once the device is lost, whatever is asked */
  async call<Name extends Operation>(operation: Name, input: Input<Name>): Promise<Output<Name>> {
    if (this.#lost !== undefined) throw this.#lost
    if (!deviceOperations.includes(operation)) return this.#workers.call(operation, input)
    const callOff = this.#later(() => this.#lose(deviceLost('it hangs')), hungMs)
    try {
      return await Promise.race([this.#workers.call(operation, input), this.#losing.promise])
    } catch (error) {
      if (isDeviceLost(error)) this.#lose(error as HypershardError)
      throw this.#lost ?? error
    } finally {
      callOff()
    }
  }

  #lose(error: HypershardError): void {
    if (this.#lost !== undefined) return
    this.#lost = error
    this.#losing.reject(error)
    this.#onLost(error)
  }
}
