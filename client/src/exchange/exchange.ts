import { InvalidCall, messageOf, NotReachable, parseProblem, ServerProblem } from '../errors.ts'
import { fillPath, type Operation, type PathParameters } from '../operations.ts'
import type { SettingNames, Surroundings, Transport, TransportAnswer, TransportRequest } from '../ports.ts'
import { readText } from './read-lines.ts'
import { mayTryAgain, retryAfterMsOf, waitMsBefore } from './retry-policy.ts'

export interface ExchangeOptions {
  readonly url: string
  readonly timeoutMs: number | undefined
  readonly key: string | undefined
  readonly attemptsMax: number
  readonly transport: Transport
  readonly names: SettingNames
  readonly parse: (text: string) => unknown
  readonly surroundings: Surroundings
}

/** What any call may be told. */
export interface CallOptions {
  /** How long the call may take with all its attempts; by the kind of call when left out. */
  readonly timeoutMs?: number | undefined
  /** Ends the call; it throws the signal's reason then. */
  readonly signal?: AbortSignal | undefined
}

export interface Call<Path extends string> extends CallOptions {
  readonly path?: PathParameters<Path>
  readonly query?: Readonly<Record<string, string | number | undefined>>
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as they are. */
  readonly bytes?: Uint8Array | AsyncIterable<Uint8Array>
  readonly headers?: Readonly<Record<string, string>>
  /** Where it is not the operation that says so. */
  readonly repeatable?: boolean
}

/** An answer that was read. */
export interface Answered<Answer> {
  readonly body: Answer
  header(name: string): string | undefined
}

/** Calls of one coordinator's API: authorised, bounded in time, made again where that does no harm. */
export class Exchange {
  readonly #base: URL
  readonly #options: ExchangeOptions

  /** @throws InvalidCall for a URL that is none */
  constructor(options: ExchangeOptions) {
    this.#base = parseBaseUrl(options)
    this.#options = options
  }

  get origin(): string {
    return this.#base.origin
  }

  get options(): ExchangeOptions {
    return this.#options
  }

  /** One call and its answer, with as many attempts as its time allows. */
  async call<Answer, Path extends string>(operation: Operation<Path>, call: Call<Path>): Promise<Answered<Answer>> {
    const timeoutMs = call.timeoutMs ?? this.#options.timeoutMs ?? operation.answerMsMax
    const own = AbortSignal.timeout(timeoutMs)
    const signal = call.signal === undefined ? own : AbortSignal.any([own, call.signal])
    const { surroundings } = this.#options
    const untilMs = surroundings.now() + timeoutMs
    const repeatable = call.repeatable ?? operation.repeatable
    return this.#again({ repeatable, signal, untilMs }, async () => {
      const request = this.#requestOf(operation, call, signal)
      const answer = await this.#send(request)
      const text = await this.#read(answer, request)
      return { body: this.#parseAnswer(answer, text), header: name => answer.header(name) }
    })
  }

  /** One attempt at a call whose answer is a stream, which the caller reads; `signal` bounds it. */
  async open<Path extends string>(
    operation: Operation<Path>,
    call: Call<Path> & { readonly signal: AbortSignal },
  ): Promise<AsyncGenerator<Uint8Array>> {
    const request = this.#requestOf(operation, call, call.signal)
    const answer = await this.#send(request)
    if (answer.status !== 200) throw this.#problemOf(answer, await this.#read(answer, request))
    return this.#chunksOf(answer, request)
  }

  /** Carries a task out until it succeeds, or may not be tried again. */
  async again<Result>(
    limits: { readonly repeatable: boolean; readonly signal?: AbortSignal | undefined },
    task: () => Promise<Result>,
  ): Promise<Result> {
    const { repeatable, signal = new AbortController().signal } = limits
    return this.#again({ repeatable, signal, untilMs: Number.POSITIVE_INFINITY }, task)
  }

  async #again<Result>(
    { repeatable, signal, untilMs }: { repeatable: boolean; signal: AbortSignal; untilMs: number },
    task: () => Promise<Result>,
  ): Promise<Result> {
    const { attemptsMax, surroundings } = this.#options
    for (let attempt = 1; ; attempt++) {
      try {
        return await task()
      } catch (error) {
        if (attempt >= attemptsMax || !mayTryAgain(error, repeatable)) throw error
        const waitMs = waitMsBefore(error, attempt, surroundings.chance)
        // What happened says more than that the time is over.
        if (surroundings.now() + waitMs >= untilMs) throw error
        await surroundings.pause(waitMs, signal)
      }
    }
  }

  #requestOf<Path extends string>(operation: Operation<Path>, call: Call<Path>, signal: AbortSignal): TransportRequest {
    const url = new URL(fillPath(operation.path, { ...(call.path as Record<string, string | number>) }), this.#base)
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value))
    }
    const { key } = this.#options
    const json = call.json === undefined ? undefined : new TextEncoder().encode(JSON.stringify(call.json))
    const headers = {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...call.headers,
    }
    return { url, method: operation.method, headers, body: json ?? call.bytes, signal }
  }

  async #send(request: TransportRequest): Promise<TransportAnswer> {
    try {
      return await this.#options.transport(request)
    } catch (error) {
      throw this.#translate(error, request)
    }
  }

  async #read(answer: TransportAnswer, request: TransportRequest): Promise<string> {
    return readText(this.#chunksOf(answer, request))
  }

  /** The body of an answer, with broken connections told in our words. */
  async *#chunksOf(answer: TransportAnswer, request: TransportRequest): AsyncGenerator<Uint8Array> {
    try {
      yield* answer.chunks
    } catch (error) {
      throw this.#translate(error, request)
    }
  }

  #translate(error: unknown, { signal }: TransportRequest): unknown {
    if (signal.aborted) {
      const { reason } = signal
      if (!(reason instanceof DOMException) || reason.name !== 'TimeoutError') return reason
      const message = `${this.origin} did not answer in time; ask for a longer ${this.#options.names.timeout}`
      return new NotReachable('deadline_exceeded', message, error)
    }
    if (error instanceof NotReachable) return error
    return new NotReachable('unavailable', `cannot reach ${this.origin}: ${messageOf(error)}`, error)
  }

  #parseAnswer<Answer>(answer: TransportAnswer, text: string): Answer {
    const { status } = answer
    if (status < 200 || status > 299) throw this.#problemOf(answer, text)
    if (status === 204) return undefined as Answer
    try {
      return this.#options.parse(text) as Answer
    } catch (cause) {
      throw this.#notHypershard(status, cause)
    }
  }

  #problemOf(answer: TransportAnswer, text: string): Error {
    try {
      const problem = parseProblem(JSON.parse(text))
      if (problem === undefined) return this.#notHypershard(answer.status)
      return new ServerProblem(problem, retryAfterMsOf(problem.details, answer.header('retry-after')))
    } catch (cause) {
      return this.#notHypershard(answer.status, cause)
    }
  }

  #notHypershard(status: number, cause?: unknown): NotReachable {
    const question = `is ${this.#options.names.url} right?`
    const message = `${this.origin} answers, but not as hypershard does (status ${status}); ${question}`
    return new NotReachable('unavailable', message, cause)
  }
}

function parseBaseUrl({ url: text, names }: ExchangeOptions): URL {
  const url = URL.parse(text.endsWith('/') ? text : `${text}/`)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new InvalidCall(`${names.url}: \`${text}\` is no URL like http://127.0.0.1:7700`)
  }
  return url
}
