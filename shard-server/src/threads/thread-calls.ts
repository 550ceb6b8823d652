import assert from 'node:assert/strict'
import { Worker } from 'node:worker_threads'
import { type Failure, fromFailure, HypershardError, type Logger } from '@hypershard/common'

/** What a thread answers to one call. */
export type ThreadReply<Answer> =
  | { readonly call: number; readonly answer: Answer }
  | ({ readonly call: number } & Failure)

/** Asks a thread to end once what it does now is done. */
export const closeMessage = Object.freeze({ type: 'close' })

export interface ThreadOptions {
  /** For the log and for messages: `scoring`, `loading`. */
  readonly name: string
  readonly file: URL
  readonly workerData: unknown
  readonly log: Logger
  /** The thread ended by itself and all that it held is lost; the process had better end. */
  readonly onDeath: (error: Error) => void
}

interface Waiting<Answer> {
  resolve(answer: Answer): void
  reject(error: Error): void
}

/** The main thread's side of a worker thread: numbered calls and their answers. */
export class ThreadCalls<Message extends object, Answer> {
  readonly #options: ThreadOptions
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting<Answer>>()
  readonly #ended: Promise<unknown>
  #nextCall = 1
  #closing = false

  constructor(options: ThreadOptions) {
    this.#options = options
    this.#worker = new Worker(options.file, { workerData: options.workerData })
    this.#ended = new Promise(resolve => this.#worker.once('exit', resolve))
    this.#worker.on('message', (reply: ThreadReply<Answer>) => this.#settle(reply))
    this.#worker.on('error', error => options.log.fatal({ err: error }, `the ${options.name} thread failed`))
    this.#worker.on('exit', code => {
      const message = this.#closing ? 'is closing' : `ended with code ${code}`
      const error = new HypershardError('internal', `the ${options.name} thread ${message}`)
      for (const waiting of this.#waiting.values()) waiting.reject(error)
      this.#waiting.clear()
      if (!this.#closing) options.onDeath(error)
    })
  }

  /** Calls that have no answer yet. */
  get waitingCount(): number {
    return this.#waiting.size
  }

  /** Sends a message that carries the call's number, and waits for its answer. */
  call(toMessage: (call: number) => Message): { readonly call: number; readonly answer: Promise<Answer> } {
    const call = this.#nextCall++
    this.post(toMessage(call))
    const answer = new Promise<Answer>((resolve, reject) => this.#waiting.set(call, { resolve, reject }))
    return { call, answer }
  }

  /** Sends a message that wants no answer. @param move buffers that the thread takes over */
  post(message: Message, move: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, move)
  }

  /**
   * Lets the thread end by itself: onnxruntime does not survive being cut off in the middle of a run. Calls without an
   * answer are rejected.
   */
  async close(): Promise<void> {
    this.#closing = true
    this.#worker.postMessage(closeMessage)
    await this.#ended
  }

  #settle(reply: ThreadReply<Answer>): void {
    const waiting = this.#waiting.get(reply.call)
    assert(waiting !== undefined, `an answer to call ${reply.call}, which nobody waits for`)
    this.#waiting.delete(reply.call)
    if ('answer' in reply) waiting.resolve(reply.answer)
    else waiting.reject(this.#errorOf(reply))
  }

  /** Callers are told of a defect only that there was one; the log has the rest. */
  #errorOf(reply: Failure): HypershardError {
    const error = fromFailure(reply)
    const { name, log } = this.#options
    if (reply.stack !== undefined) log.error({ err: error }, `a call to the ${name} thread failed`)
    return error
  }
}
