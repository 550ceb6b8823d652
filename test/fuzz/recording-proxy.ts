import http from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request that passed, and what was answered. */
export interface Exchange {
  readonly method: string
  readonly url: string
  readonly headers: http.IncomingHttpHeaders
  /** Its beginning. */
  readonly body: string
  readonly status: number
  readonly answer: string
}

const keptBytesMax = 2_000
/** What the server says of one that it has not read, which is lost where the connection breaks first. */
const tooLargeProblem = JSON.stringify({
  type: 'https://hypershard.dev/errors/request_too_large',
  title: 'The request is too large',
  status: 413,
  code: 'request_too_large',
  detail: 'the server hung up before it had read the body',
  retryable: false,
  details: {},
})
/** What a server reads of a JSON body. */
const bodyBytesMax = 1024 * 1024

export interface RecordingProxy {
  readonly url: string
  /** Requests so far, those too whose sender went away before the answer. */
  readonly count: () => number
  /** By status. */
  readonly statuses: ReadonlyMap<number, number>
  /** Answers that blame the server. */
  readonly failures: readonly Exchange[]
  close(): void
}

/** Passes requests on as they come, and keeps those whose answer is 500 or more. */
export async function startRecordingProxy(
  target: string,
  headers: Readonly<Record<string, string>>,
): Promise<RecordingProxy> {
  const statuses = new Map<number, number>()
  const failures: Exchange[] = []
  let count = 0
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
  const server = http.createServer((request, response) => {
    const { method = 'GET', url = '/' } = request
    count++
    const sent = { ...request.headers, ...headers, host: new URL(target).host }
    let body = ''
    const onward = http.request(target + url, { agent, method, headers: sent }, answer => {
      const status = answer.statusCode ?? 0
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      let text = ''
      answer.on('data', (chunk: Buffer) => {
        if (text.length < keptBytesMax) text += chunk.toString('latin1')
      })
      answer.on('end', () => {
        if (status >= 500) failures.push({ method, url, headers: request.headers, body, status, answer: text })
      })
      response.writeHead(status, answer.headers)
      answer.pipe(response)
    })
    request.on('data', (chunk: Buffer) => {
      if (body.length < keptBytesMax) body += chunk.toString('latin1')
    })
    onward.on('error', error => {
      // Whoever went away broke it himself, and of a body that is too large the server reads no more than it may.
      const tooLarge = Number(request.headers['content-length'] ?? 0) > bodyBytesMax
      if (!response.destroyed && !response.headersSent) {
        if (tooLarge)
          return void response.writeHead(413, { 'content-type': 'application/problem+json' }).end(tooLargeProblem)
        failures.push({ method, url, headers: request.headers, body, status: 0, answer: error.message })
        response.writeHead(502).end(error.message)
      }
    })
    response.on('close', () => onward.destroy())
    request.pipe(onward)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: () => count,
    statuses,
    failures,
    close: () => {
      agent.destroy()
      server.closeAllConnections()
      server.close()
    },
  }
}
