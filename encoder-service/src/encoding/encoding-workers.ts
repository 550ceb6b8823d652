import { HypershardError } from '@hypershard/common'
import type { EncodingPort } from '../ports.ts'
import { SupervisedWorker, type SupervisedWorkerOptions } from './supervised-worker.ts'
import {
  type Input,
  isCrossEncoder,
  isRetriever,
  type Lane,
  type LoadedCrossEncoder,
  type LoadedModel,
  laneOf,
  type Operation,
  type Output,
} from './worker-protocol.ts'

export interface EncodingWorkersOptions extends Omit<SupervisedWorkerOptions, 'settings'> {
  readonly settings: Omit<SupervisedWorkerOptions['settings'], 'lane'> & {
    readonly crossEncoderDirectories: readonly string[]
  }
}

/** That of pairs only where there are cross-encoders. */
interface Workers {
  readonly query: SupervisedWorker
  readonly document: SupervisedWorker
  readonly pair: SupervisedWorker | undefined
}

/**
 * The encoding workers: one for queries, one for documents, one for pairs. A query never stands behind documents or pairs:
 * it has threads of its own, which the system prefers to those of the others (`encoding-worker.ts`).
 */
export class EncodingWorkers implements EncodingPort {
  /** With the kernels of their documents. */
  readonly models: readonly LoadedModel[]
  readonly crossEncoders: readonly LoadedCrossEncoder[]
  readonly #workers: Workers

  private constructor(workers: Workers) {
    this.#workers = workers
    this.models = workers.document.models.filter(isRetriever)
    this.crossEncoders = workers.pair?.models.filter(isCrossEncoder) ?? []
  }

  /** @throws HypershardError `invalid_model`, `internal` */
  static async start({ settings: all, ...options }: EncodingWorkersOptions): Promise<EncodingWorkers> {
    const { crossEncoderDirectories, ...settings } = all
    const startOne = (lane: Lane, modelDirectories: readonly string[]) =>
      SupervisedWorker.start({ ...options, settings: { ...settings, modelDirectories, lane } })
    const startPairs = async () =>
      crossEncoderDirectories.length === 0 ? undefined : startOne('pair', crossEncoderDirectories)
    const { modelDirectories } = settings
    const starts = await Promise.allSettled([
      startOne('query', modelDirectories),
      startOne('document', modelDirectories),
      startPairs(),
    ])
    const [query, document, pair] = starts.map(start => (start.status === 'fulfilled' ? start.value : undefined))
    const failed = starts.find(start => start.status === 'rejected')
    if (
      failed !== undefined ||
      query === undefined ||
      document === undefined ||
      digestsOf(query) !== digestsOf(document)
    ) {
      await Promise.all([query, document, pair].map(worker => worker?.stop()))
      if (failed !== undefined) throw failed.reason
      const message = 'a model directory was changed while it was read; start the service again'
      throw new HypershardError('invalid_model', message)
    }
    return new EncodingWorkers({ query, document, pair })
  }

  /** @throws HypershardError as `SupervisedWorker.call`; `model_not_found` for pairs where there is no cross-encoder */
  async call<Name extends Operation>(operation: Name, input: Input<Name>): Promise<Output<Name>> {
    const worker = this.#workers[laneOf[operation]]
    if (worker !== undefined) return worker.call(operation, input)
    throw new HypershardError('model_not_found', 'this encoder service has no cross-encoder')
  }

  async stop(): Promise<void> {
    const { query, document, pair } = this.#workers
    await Promise.all([query.stop(), document.stop(), pair?.stop()])
  }
}

function digestsOf({ models }: SupervisedWorker): string {
  return models.map(model => model.digest).join()
}
