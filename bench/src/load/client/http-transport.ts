import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { Pool } from 'undici'
import type { HttpTarget } from './load-job.ts'
import type { Transport } from './transport.ts'

/** undici tells of each new connection here. */
const connectedChannel = 'undici:client:connected'
const headers = { 'content-type': 'application/json' }

/** @param connections as many requests are on their way at a time; the rest wait in the pool */
export function openHttpTransport(
  target: HttpTarget,
  { connections, timeoutMs }: { readonly connections: number; readonly timeoutMs: number },
): Transport {
  const sockets = new Set<Socket>()
  const onConnected = (message: unknown) => {
    sockets.add((message as { socket: Socket }).socket)
  }
  subscribe(connectedChannel, onConnected)
  const pool = new Pool(target.origin, {
    connections,
    pipelining: 1,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  })
  return {
    send: async body => {
      try {
        const answer = await pool.request({ method: 'POST', path: target.path, headers, body })
        const bytes = await answer.body.bytes()
        return answer.statusCode < 300 ? undefined : errorCodeOf(answer.statusCode, bytes)
      } catch (error) {
        return connectionErrorCode(error)
      }
    },
    bytes: () => {
      const sum = (field: 'bytesRead' | 'bytesWritten') => [...sockets].reduce((total, one) => total + one[field], 0)
      return { sent: sum('bytesWritten'), received: sum('bytesRead') }
    },
    close: async () => {
      await pool.close()
      unsubscribe(connectedChannel, onConnected)
    },
  }
}

/** The `code` of a problem as hypershard answers them; of others the status. */
export function errorCodeOf(status: number, body: Uint8Array): string {
  try {
    const { code } = JSON.parse(Buffer.from(body).toString()) as { code?: unknown }
    if (typeof code === 'string') return code
  } catch {
    // No JSON: the status has to do.
  }
  return `http_${status}`
}

function connectionErrorCode(error: unknown): string {
  const code = (error as { code?: unknown }).code
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return 'client_timeout'
  return typeof code === 'string' ? code : 'connection_failed'
}
