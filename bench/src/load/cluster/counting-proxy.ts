import { once } from 'node:events'
import { Agent, createServer, request as sendRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'

/** Stands before an HTTP server and counts what it is asked. */
export interface CountingProxy {
  readonly url: string
  /** Requests until now, by method. */
  counts(): Record<string, number>
  stop(): Promise<void>
}

/** @param target base URL of the server, without a path */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const counts: Record<string, number> = {}
  const { hostname, port } = new URL(target)
  const agent = new Agent({ keepAlive: true })
  const server = createServer((asked, answer) => {
    const method = asked.method ?? 'GET'
    counts[method] = (counts[method] ?? 0) + 1
    const onward = sendRequest({ hostname, port, agent, method, path: asked.url, headers: asked.headers }, answered => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers)
      pipeline(answered, answer).catch(() => answer.destroy())
    })
    pipeline(asked, onward).catch(() => answer.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts: () => ({ ...counts }),
    stop: async () => {
      server.closeAllConnections()
      server.close()
      agent.destroy()
    },
  }
}
