/** Only ends what hangs: the longest call waits until a bulk of documents is searchable. */
const timeoutMs = 3_600_000

/** Calls of the public API that are not measured. */
export class Api {
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  /** @throws Error with the problem, for any answer that is not good */
  async send<Body>(method: string, path: string, body?: object | ReadableStream): Promise<Body> {
    const lines = body instanceof ReadableStream
    const type = lines ? 'application/x-ndjson' : 'application/json'
    const content =
      body === undefined ? {} : { headers: { 'content-type': type }, body: lines ? body : JSON.stringify(body) }
    const init = { method, ...content, duplex: 'half', signal: AbortSignal.timeout(timeoutMs) }
    const response = await fetch(`${this.url}${path}`, init as RequestInit)
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as Body
  }
}
