import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { Pool } from 'undici'
import { judgeAnswer } from './judge-answer.ts'
import type { HttpTarget } from './load-job.ts'
import type { Transport } from './transport.ts'

/** undici tells of each new connection here. */
const connectedChannel = 'undici:client:connected'
const timedOut = 'client_timeout'
const headers = { 'content-type': 'application/json' }

/** Of the answers that were wrong, so many are told in words. */
const toldMax = 3

/** @param connections to each origin: as many requests are on their way at a time; the rest wait in the pool */
export function openHttpTransport(
  target: HttpTarget,
  { connections, timeoutMs }: { readonly connections: number; readonly timeoutMs: number },
): Transport {
  const sockets = new Set<Socket>()
  const onConnected = (message: unknown) => {
    sockets.add((message as { socket: Socket }).socket)
  }
  subscribe(connectedChannel, onConnected)
  const options = { connections, pipelining: 1, headersTimeout: timeoutMs, bodyTimeout: timeoutMs }
  const pools = [target.origin, ...(target.others ?? [])].map(origin => new Pool(origin, options))
  const told: string[] = []
  let next = 0
  let sentElsewhere = 0
  const post = async (pool: Pool, body: string): Promise<string | undefined> => {
    const answer = await pool.request({ method: 'POST', path: target.path, headers, body })
    const bytes = await answer.body.bytes()
    if (answer.statusCode >= 300) return errorCodeOf(answer.statusCode, bytes)
    if (target.judged === undefined) return undefined
    const verdict = judgeAnswer(JSON.parse(Buffer.from(bytes).toString()), body, target.judged.rankings.get(body))
    if (verdict?.error === 'wrong_answer' && told.length < toldMax) told.push(`${body}: ${verdict.message}`)
    return verdict?.error
  }
  return {
    send: async body => {
      const first = next++
      for (let tried = 1; ; tried++) {
        try {
          return await post(pools[(first + tried) % pools.length]!, body)
        } catch (error) {
          const code = connectionErrorCode(error)
          if (tried === pools.length || code === timedOut) return code
          sentElsewhere++
        }
      }
    },
    bytes: () => {
      const sum = (field: 'bytesRead' | 'bytesWritten') => [...sockets].reduce((total, one) => total + one[field], 0)
      return { sent: sum('bytesWritten'), received: sum('bytesRead') }
    },
    get sentElsewhere() {
      return sentElsewhere
    },
    wrongAnswers: told,
    close: async () => {
      for (const pool of pools) await pool.close()
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
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return timedOut
  return typeof code === 'string' ? code : 'connection_failed'
}
