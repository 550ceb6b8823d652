import assert from 'node:assert/strict'
import { Worker } from 'node:worker_threads'
import { type ErrorCode, HypershardError, type Logger, toHypershardError } from '@hypershard/common'

/** What a thread answers to one call. */
export type ThreadReply<Answer> =
  | { readonly call: number; readonly answer: Answer }
  | { readonly call: number; readonly failure: { readonly code: ErrorCode; readonly message: string } }

/** Asks a thread to end once what it does now is done. */
export const closeMessage = Object.freeze({ type: 'close' })

/** A failure as a thread sends it; a defect keeps its cause's text, since the error itself cannot travel. */
export function toFailure(error: unknown): { code: ErrorCode; message: string } {
  const { code, message, cause } = toHypershardError(error)
  return { code, message: code === 'internal' ? `${message}: ${String(cause)}` : message }
}

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
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting<Answer>>()
  readonly #ended: Promise<unknown>
  #nextCall = 1
  #closing = false

  constructor(options: ThreadOptions) {
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
    else waiting.reject(new HypershardError(reply.failure.code, reply.failure.message))
  }
}
