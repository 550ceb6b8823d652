import { type Clock, HypershardError, type Logger, messageOf } from '@hypershard/common'
import type { Input, Operation, Output, WorkerSettings } from './worker-protocol.ts'
import { startWorkerThread, type WorkerThread } from './worker-thread.ts'

/** More restarts than this in a minute mean that restarting does not help. */
export const restartsMax = 3
const restartWindowMs = 60_000

export interface SupervisedWorkerOptions {
  readonly settings: WorkerSettings
  /** The worker's code. */
  readonly file: URL
  readonly clock: Clock
  readonly log: Logger
  /** Called once, when the worker keeps dying and the service cannot go on. */
  onFatal(error: HypershardError): void
}

/**
 * The encoding worker, started again when it dies. Calls it was busy with fail with `internal`; later ones wait for the
 * new thread.
 */
export class SupervisedWorker {
  readonly models: WorkerThread['models']
  readonly #options: SupervisedWorkerOptions
  readonly #restartTimesMs: number[] = []
  #thread: Promise<WorkerThread>
  #stopped = false

  private constructor(options: SupervisedWorkerOptions, thread: WorkerThread) {
    this.#options = options
    this.models = thread.models
    this.#thread = Promise.resolve(thread)
    this.#watch(thread)
  }

  /** @throws HypershardError `invalid_model`, `internal` */
  static async start(options: SupervisedWorkerOptions): Promise<SupervisedWorker> {
    return new SupervisedWorker(options, await startWorkerThread(options.file, options.settings, options.log))
  }

  /** @throws HypershardError what the worker answered; `internal` when it died, `unavailable` once it is stopped */
  async call<Name extends Operation>(operation: Name, input: Input<Name>): Promise<Output<Name>> {
    if (this.#stopped) throw new HypershardError('unavailable', 'the encoder service is stopping; ask another')
    const thread = await this.#thread
    return thread.call(operation, input)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    const thread = await this.#thread.catch(() => undefined)
    await thread?.stop()
  }

  #watch(thread: WorkerThread): void {
    thread.ended.then(reason => this.#restart(reason))
  }

  #restart(reason: string): void {
    if (this.#stopped) return
    const nowMs = this.#options.clock.monotonicMs()
    while ((this.#restartTimesMs[0] ?? nowMs) < nowMs - restartWindowMs) this.#restartTimesMs.shift()
    if (this.#restartTimesMs.length >= restartsMax) {
      const message = `the encoding worker died again after ${restartsMax} restarts within a minute: ${reason}`
      const error = new HypershardError('internal', message)
      this.#thread = rejected(error)
      this.#options.onFatal(error)
      return
    }
    this.#restartTimesMs.push(nowMs)
    this.#options.log.error(
      { reason, restarts: this.#restartTimesMs.length },
      'encoding worker died; starting it again',
    )
    this.#thread = this.#startAgain()
    this.#thread.then(
      thread => this.#watch(thread),
      error => this.#restart(messageOf(error)),
    )
  }

  async #startAgain(): Promise<WorkerThread> {
    const { file, settings, log } = this.#options
    const thread = await startWorkerThread(file, settings, log)
    const digests = (models: WorkerThread['models']) => models.map(model => model.digest).join()
    if (digests(thread.models) === digests(this.models)) return thread
    await thread.stop()
    throw new HypershardError(
      'invalid_model',
      'a model directory was changed while it was served; start the service again',
    )
  }
}

/** A promise that is rejected for whoever awaits it, and no unhandled rejection until then. */
function rejected<Value>(error: HypershardError): Promise<Value> {
  const promise = Promise.reject<Value>(error)
  promise.catch(() => undefined)
  return promise
}
