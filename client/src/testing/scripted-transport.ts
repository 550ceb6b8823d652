import type { Surroundings, Transport, TransportRequest } from '../ports.ts'

/** What a scripted server answers; an Error is thrown. */
export interface ScriptedAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
  /** In place of `json`: the body, chunk by chunk; an Error breaks the connection. */
  readonly chunks?: readonly (string | Error)[]
}

export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A server that gives one answer after the other, and keeps what it was asked. */
export class ScriptedServer {
  readonly received: Received[] = []
  readonly #answers: (ScriptedAnswer | Error)[]

  constructor(answers: readonly (ScriptedAnswer | Error)[]) {
    this.#answers = [...answers]
  }

  readonly transport: Transport = async request => {
    this.received.push(await describe(request))
    const answer = this.#answers.shift()
    if (answer === undefined) throw new Error('the script is over')
    if (answer instanceof Error) throw answer
    const chunks = answer.chunks ?? [JSON.stringify(answer.json ?? {})]
    return { status: answer.status ?? 200, header: name => answer.headers?.[name], chunks: chunksOf(chunks) }
  }
}

async function describe({ url, method, headers, body }: TransportRequest): Promise<Received> {
  const chunks: Uint8Array[] = []
  if (body instanceof Uint8Array) chunks.push(body)
  else if (body !== undefined) for await (const chunk of body) chunks.push(chunk)
  return { method, path: `${url.pathname}${url.search}`, headers, body: Buffer.concat(chunks).toString() }
}

async function* chunksOf(chunks: readonly (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    if (chunk instanceof Error) throw chunk
    yield Buffer.from(chunk)
  }
}

/** A clock that only pauses move, and what they were. */
export class PausedTime implements Surroundings {
  readonly pauses: number[] = []
  #nowMs = 0

  now(): number {
    return this.#nowMs
  }

  chance(): number {
    return 1
  }

  async pause(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.pauses.push(ms)
    this.#nowMs += ms
  }
}
