import { type ClientDuplexStream, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { type Clock, type Logger, OutageLog, systemClock } from '@hypershard/common'
import { type ChannelSettings, connectClient, fromServiceError } from '@hypershard/common/grpc'
import { AnnouncementServiceClient, type ExchangeRequest, type ExchangeResponse } from '@hypershard/proto/announcements'
import type { Ear, Hint, HintChannel } from '../ports.ts'
import { waitingHintsMax } from './grpc-hub.ts'

/** Of one stream; then the next is opened. */
const streamMsMax = 3_600_000

/** Pauses between attempts to connect: doubled each time, with jitter. */
const reconnectMsMin = 50
const reconnectMsMax = 5_000

/** Fewer attempts in a row that fail are a coordinator that is started again, and nobody is told. */
const failuresTold = 4

type Stream = ClientDuplexStream<ExchangeRequest, ExchangeResponse>

export interface PeerOptions {
  readonly log: Logger
  readonly channel?: ChannelSettings | undefined
  readonly clock?: Clock
}

/** A stream to one coordinator, which is opened again whenever it ends. */
export class GrpcPeer implements HintChannel {
  readonly #ear: Ear
  readonly #client: AnnouncementServiceClient
  readonly #peer: string
  readonly #clock: Clock
  readonly #away: OutageLog
  #stream: Stream | undefined
  /** The process at the other end, once it has greeted. */
  #sender: string | undefined
  #timer: NodeJS.Timeout | undefined
  #failures = 0
  #closed = false

  /** @param address `host:port` of a coordinator's gRPC API */
  constructor(address: string, ear: Ear, { log, channel, clock = systemClock }: PeerOptions) {
    this.#ear = ear
    this.#client = connectClient(AnnouncementServiceClient, address, channel)
    this.#peer = `coordinator ${address}`
    this.#clock = clock
    this.#away = new OutageLog(this.#peer, log, clock)
    this.#connect()
  }

  get hearing(): boolean {
    return this.#sender !== undefined && this.#sender !== this.#ear.sender
  }

  send(hint: Hint): void {
    if (this.#stream === undefined || this.#sender === undefined) return
    if (this.#stream.writableLength >= waitingHintsMax) this.#stream.cancel()
    else this.#stream.write(hint)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#stream?.cancel()
    this.#client.close()
  }

  #connect(): void {
    const stream = this.#client.exchange(new Metadata(), { deadline: new Date(this.#clock.now() + streamMsMax) })
    this.#stream = stream
    stream.on('data', ({ sender, key }: ExchangeResponse) => {
      if (key === '') this.#greeted(sender)
      this.#ear.receive({ sender, key })
    })
    stream.on('error', (error: ServiceError) => this.#ended(stream, error))
    stream.on('end', () => this.#ended(stream))
  }

  /** From now on the other side's hints come in, and it is told in turn that it may have missed some. */
  #greeted(sender: string): void {
    this.#sender = sender
    this.#failures = 0
    this.#away.works()
    this.#stream?.write({ sender: this.#ear.sender, key: '' })
  }

  #ended(stream: Stream, error?: ServiceError): void {
    if (this.#closed || this.#stream !== stream) return
    this.#stream = undefined
    this.#sender = undefined
    const isOver = error?.code === status.DEADLINE_EXCEEDED
    if (error !== undefined && !isOver && ++this.#failures >= failuresTold) {
      this.#away.failed(fromServiceError(error, this.#peer))
    }
    const pauseMs = Math.min(reconnectMsMax, reconnectMsMin * 2 ** this.#failures) * (0.5 + Math.random() / 2)
    this.#timer = setTimeout(() => this.#connect(), pauseMs)
  }
}
