/** What the load client is told to do, and what it answers: both cross from process to process. */
import type { Ranking } from './judge-answer.ts'

/** Requests over HTTP: `bodies` are posted to one path. */
export interface HttpTarget {
  readonly kind: 'http'
  /** Scheme, host and port. */
  readonly origin: string
  readonly path: string
  /**
   * Other origins that serve the same. They are asked in turn, and a request whose connection is refused or cut goes to
   * the next one, as a load balancer does it.
   */
  readonly others?: readonly string[]
  /** Answers are read: one that is not whole, or not what its ranking says, counts as an error of that name. */
  readonly judged?: Judged
}

export interface Judged {
  /** What is true, by body; of a body that is not here only the coverage is looked at. */
  readonly rankings: ReadonlyMap<string, Ranking>
}

/** `EncodeQuery` calls straight to an encoder service: `bodies` are queries. */
export interface EncoderTarget {
  readonly kind: 'encoder'
  /** `host:port` */
  readonly address: string
  readonly modelDigest: string
  readonly form: 'weights' | 'token_states'
}

export type LoadTarget = HttpTarget | EncoderTarget

/** Closed: each client sends its next request when it has the answer to the last. Open: requests arrive evenly, come what may. */
export type LoadLoop =
  | { readonly kind: 'closed'; readonly clients: number }
  | { readonly kind: 'open'; readonly perSecond: number }

export interface LoadJob {
  readonly target: LoadTarget
  readonly loop: LoadLoop
  readonly bodies: readonly string[]
  /** Whether `bodies` begin again when the last was sent; if not, running out of them is a failure of the job. */
  readonly repeat: boolean
  readonly warmUpSeconds: number
  /** How long is measured, after the warm-up; more than a job can wait for ends when the parent asks. */
  readonly seconds: number
  /** An answer that takes longer counts as an error, `client_timeout`. */
  readonly timeoutMs: number
}

/** A request of a job: when, on the clock that `performance.timeOrigin` makes comparable, and what became of it. */
export interface TimedRequest {
  /** When it was, or should have been, sent. */
  readonly intendedMs: number
  readonly doneMs: number
  /** Undefined for a good answer. */
  readonly error: string | undefined
}

export interface LoadResult {
  /** All requests, those of the warm-up too, in the order of their answers. */
  readonly requests: readonly TimedRequest[]
  /** How often a request went to another origin after its connection was refused or cut. */
  readonly sentElsewhere: number
  /** The first answers that were judged wrong, in words. */
  readonly wrongAnswers: readonly string[]
  /** Of each request that was meant to be sent in the measured time and was answered well. */
  readonly latenciesMs: Float64Array
  /** How many of them were answered otherwise, by code. */
  readonly errors: Readonly<Record<string, number>>
  /** Good answers that came within the measured time. */
  readonly completed: number
  readonly seconds: number
  /** Bodies sent in all, so that the next job can begin with others. */
  readonly used: number
  /** On the connections' sockets with all headers, in the measured time; null where they are not seen. */
  readonly bytesSent: number | null
  readonly bytesReceived: number | null
  readonly cpuSeconds: number
}

/** From the bench to the client. `stop` ends the measured time of the job at hand. */
export type ToClient = { readonly type: 'job'; readonly job: LoadJob } | { readonly type: 'stop' }

/** From the client to the bench: the measured time begins, it is over, all is answered, or the job has failed. */
export type FromClient =
  | { readonly type: 'begin' }
  | { readonly type: 'end' }
  | { readonly type: 'result'; readonly result: LoadResult }
  | { readonly type: 'failure'; readonly message: string }
