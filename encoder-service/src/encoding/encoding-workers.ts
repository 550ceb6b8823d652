import { HypershardError } from '@hypershard/common'
import type { EncodingPort } from '../ports.ts'
import { SupervisedWorker, type SupervisedWorkerOptions } from './supervised-worker.ts'
import { type Input, type Lane, type LoadedModel, laneOf, type Operation, type Output } from './worker-protocol.ts'

export interface EncodingWorkersOptions extends Omit<SupervisedWorkerOptions, 'settings'> {
  readonly settings: Omit<SupervisedWorkerOptions['settings'], 'lane'>
}

/**
 * The two encoding workers, one for queries and one for documents. A query never stands behind documents: it has
 * threads of its own, which the system prefers to those of the other (`encoding-worker.ts`).
 */
export class EncodingWorkers implements EncodingPort {
  /** With the kernels of their documents. */
  readonly models: readonly LoadedModel[]
  readonly #workers: Readonly<Record<Lane, SupervisedWorker>>

  private constructor(workers: Readonly<Record<Lane, SupervisedWorker>>) {
    this.#workers = workers
    this.models = workers.document.models
  }

  /** @throws HypershardError `invalid_model`, `internal` */
  static async start(options: EncodingWorkersOptions): Promise<EncodingWorkers> {
    const startOne = (lane: Lane) => SupervisedWorker.start({ ...options, settings: { ...options.settings, lane } })
    const starts = await Promise.allSettled([startOne('query'), startOne('document')])
    const started = starts.flatMap(start => (start.status === 'fulfilled' ? [start.value] : []))
    const [query, document] = started
    if (query === undefined || document === undefined || digestsOf(query) !== digestsOf(document)) {
      await Promise.all(started.map(worker => worker.stop()))
      for (const start of starts) if (start.status === 'rejected') throw start.reason
      const message = 'a model directory was changed while it was read; start the service again'
      throw new HypershardError('invalid_model', message)
    }
    return new EncodingWorkers({ query, document })
  }

  /** @throws HypershardError as `SupervisedWorker.call` */
  call<Name extends Operation>(operation: Name, input: Input<Name>): Promise<Output<Name>> {
    return this.#workers[laneOf[operation]].call(operation, input)
  }

  async stop(): Promise<void> {
    await Promise.all([this.#workers.query.stop(), this.#workers.document.stop()])
  }
}

function digestsOf({ models }: SupervisedWorker): string {
  return models.map(model => model.digest).join()
}
