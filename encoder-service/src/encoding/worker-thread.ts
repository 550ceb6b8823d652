import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { fromFailure, HypershardError, type Logger, messageOf } from '@hypershard/common'
import type {
  Input,
  LoadedCrossEncoder,
  LoadedModel,
  Operation,
  Output,
  WorkerMessage,
  WorkerRequest,
  WorkerSettings,
} from './worker-protocol.ts'

/** One life of the encoding worker, from ready to its end. */
export interface WorkerThread {
  readonly models: readonly (LoadedModel | LoadedCrossEncoder)[]
  /** @throws HypershardError what the worker answered, or `internal` when it ended before it could */
  call<Name extends Operation>(operation: Name, input: Input<Name>): Promise<Output<Name>>
  /** Resolves with the reason when the thread has ended. */
  readonly ended: Promise<string>
  /** Ends it once it has answered what it was asked. */
  stop(): Promise<void>
}

/** How long a call under way may take to end when the thread is stopped: more than any batch takes. */
const stopMsMax = 5_000

interface OpenCall {
  readonly settled: Promise<unknown>
  resolve(output: Output<Operation>): void
  reject(error: HypershardError): void
}

/**
 * Starts the worker and waits until it holds its models.
 * @param file of the worker's code
 * @throws HypershardError why it could not start: `invalid_model`, or `internal` when it died on the way
 */
export function startWorkerThread(file: URL, settings: WorkerSettings, log: Logger): Promise<WorkerThread> {
  const worker = new Worker(file, { workerData: settings, name: 'encoding' })
  const open = new Map<number, OpenCall>()
  const ended = endOf(worker)
  ended.then(reason => {
    const error = new HypershardError('internal', `the encoding worker ended: ${reason}`)
    for (const call of open.values()) call.reject(error)
    open.clear()
  })
  return new Promise((resolve, reject) => {
    ended.then(reason => reject(new HypershardError('internal', `the encoding worker ended at its start: ${reason}`)))
    worker.on('message', (message: WorkerMessage) => {
      if (message.type === 'ready') resolve(threadOf(worker, message.models, open, ended))
      else if (message.type === 'notReady') reject(fromFailure(message))
      else settle(open, message, log)
    })
  })
}

function threadOf(
  worker: Worker,
  models: WorkerThread['models'],
  open: Map<number, OpenCall>,
  ended: Promise<string>,
): WorkerThread {
  let calls = 0
  let over = false
  ended.then(() => {
    over = true
  })
  return {
    models,
    ended,
    call: <Name extends Operation>(operation: Name, input: Input<Name>) => {
      if (over) return Promise.reject(new HypershardError('internal', 'the encoding worker has ended'))
      const request: WorkerRequest<Name> = { call: calls++, operation, input }
      const { promise, resolve, reject } = Promise.withResolvers<Output<Name>>()
      // The worker answers a call with the output of the operation it asked for.
      open.set(request.call, { settled: promise, resolve: output => resolve(output as Output<Name>), reject })
      worker.postMessage(request)
      return promise
    },
    stop: async () => {
      // A thread that is ended in the middle of a run of onnxruntime takes the whole process with it.
      const timer = new AbortController()
      const settled = Promise.allSettled([...open.values()].map(call => call.settled))
      await Promise.race([settled, wait(stopMsMax, undefined, timer).catch(() => undefined)])
      timer.abort()
      await worker.terminate()
    },
  }
}

function settle(open: Map<number, OpenCall>, message: Extract<WorkerMessage, { call: number }>, log: Logger): void {
  const call = open.get(message.call)
  open.delete(message.call)
  if (message.type === 'answer') {
    call?.resolve(message.output)
    return
  }
  // Here and not where the callers are answered, since one failure may fail a batch of them.
  const error = fromFailure(message)
  log.error({ err: error }, 'encoding failed')
  call?.reject(error)
}

/** Why a worker ended: its uncaught error, or its exit code. */
function endOf(worker: Worker): Promise<string> {
  return new Promise(resolve => {
    worker.once('error', error => resolve(messageOf(error)))
    worker.once('messageerror', error => resolve(`a message could not be read: ${messageOf(error)}`))
    worker.once('exit', code => resolve(`exit code ${code}`))
  })
}
