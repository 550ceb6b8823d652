import type { ServerDuplexStream, UntypedServiceImplementation } from '@grpc/grpc-js'
import { HypershardError, type Logger } from '@hypershard/common'
import { contextOfCall, toServiceError } from '@hypershard/common/grpc'
import type { ExchangeRequest, ExchangeResponse } from '@hypershard/proto/announcements'
import type { Ear, Hint, HintChannel } from '../ports.ts'

/** Processes that may be connected at a time. */
const streamsMax = 1_024

/** What one that does not read may have waiting; it is cut off then, and looks at the store when it comes back. */
export const waitingHintsMax = 10_000

type Stream = ServerDuplexStream<ExchangeRequest, ExchangeResponse>

/** The streams that others opened to this process. */
export class GrpcHub implements HintChannel {
  readonly #ear: Ear
  readonly #log: Logger
  /** With the process at the other end, once it has greeted. */
  readonly #streams = new Map<Stream, string | undefined>()
  #closed = false

  constructor(ear: Ear, log: Logger) {
    this.#ear = ear
    this.#log = log
  }

  get hearing(): boolean {
    return [...this.#streams.values()].some(sender => sender !== undefined && sender !== this.#ear.sender)
  }

  send(hint: Hint): void {
    for (const stream of this.#streams.keys()) {
      if (stream.writableLength >= waitingHintsMax) this.#end(stream, tooSlow())
      else stream.write(hint)
    }
  }

  close(): void {
    this.#closed = true
    for (const stream of this.#streams.keys()) this.#end(stream)
  }

  /** The service that a gRPC server offers. */
  get implementation(): UntypedServiceImplementation {
    return { exchange: (stream: Stream) => this.#accept(stream) }
  }

  #accept(stream: Stream): void {
    try {
      contextOfCall(stream, { log: this.#log })
      if (this.#closed || this.#streams.size >= streamsMax) throw full()
    } catch (error) {
      stream.emit('error', toServiceError(error))
      return
    }
    this.#streams.set(stream, undefined)
    stream.on('data', ({ sender, key }: ExchangeRequest) => {
      if (key === '') this.#streams.set(stream, sender)
      this.#ear.receive({ sender, key })
    })
    stream.on('end', () => this.#end(stream))
    stream.on('cancelled', () => this.#end(stream))
    stream.on('error', () => this.#streams.delete(stream))
    // Behind this hint comes every later one: whoever has it looks at the store once and misses nothing.
    stream.write({ sender: this.#ear.sender, key: '' })
  }

  #end(stream: Stream, failure?: HypershardError): void {
    if (!this.#streams.delete(stream)) return
    if (failure === undefined) stream.end()
    else stream.emit('error', toServiceError(failure))
  }
}

function full(): HypershardError {
  return new HypershardError('overloaded', `this coordinator tells ${streamsMax} processes already, or is ending`)
}

function tooSlow(): HypershardError {
  return new HypershardError('overloaded', `${waitingHintsMax} hints were not read; connect again`)
}
