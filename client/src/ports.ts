/** One HTTP exchange as the client asks for it. */
export interface TransportRequest {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  /** A stream is sent as it is read, chunk by chunk; nothing more than the connection's buffer is held. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined
  /** Ends the exchange, also while its answer is being read. */
  readonly signal: AbortSignal
}

/** An answer whose head has come. */
export interface TransportAnswer {
  readonly status: number
  /** The value of a header, by its name in small letters. */
  header(name: string): string | undefined
  readonly chunks: AsyncIterable<Uint8Array>
}

/** Sends a request: with `fetch`, or with what Node has (`@hypershard/client/node`). */
export type Transport = (request: TransportRequest) => Promise<TransportAnswer>

/** Time and chance, as tests give them. */
export interface Surroundings {
  /** Milliseconds of a clock that only goes forwards. */
  now(): number
  /** @throws the signal's reason once it is aborted */
  pause(ms: number, signal: AbortSignal): Promise<void>
  /** From 0 to below 1. */
  chance(): number
}

export const realSurroundings: Surroundings = {
  now: () => performance.now(),
  chance: Math.random,
  pause: (ms, signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const end = () => {
        clearTimeout(timer)
        reject(signal.reason)
      }
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', end)
        resolve()
      }, ms)
      signal.addEventListener('abort', end, { once: true })
    }),
}

/** What the caller calls his settings, so that messages name what he can change. */
export interface SettingNames {
  readonly url: string
  readonly timeout: string
  readonly ca: string
}

export const optionNames: SettingNames = { url: 'url', timeout: 'timeoutMs', ca: 'tls.ca' }
