import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { HypershardError, messageOf } from '@hypershard/common'
import type { RequestTls } from './own-server-tls.ts'

const readyMsMax = 60_000
const probeMsMax = 5_000
const probePauseMs = 50

/**
 * Waits until the coordinator says that every part of the cluster can work.
 * @throws HypershardError `unavailable` with what it says is missing; what `signal` was aborted with
 */
export async function waitUntilReady(
  server: { readonly httpUrl: string; readonly httpTls: RequestTls | undefined },
  signal: AbortSignal,
): Promise<void> {
  const endMs = performance.now() + readyMsMax
  for (;;) {
    signal.throwIfAborted()
    const missing = await whatIsMissing(server.httpUrl, server.httpTls)
    if (missing === undefined) return
    if (performance.now() > endMs) {
      throw new HypershardError('unavailable', `the cluster is not ready after ${readyMsMax} ms: ${missing}`)
    }
    await wait(probePauseMs, undefined, { signal })
  }
}

async function whatIsMissing(httpUrl: string, tls: RequestTls | undefined): Promise<string | undefined> {
  try {
    const answer = await ask(new URL('/readyz', httpUrl), tls)
    const said = await text(answer)
    return answer.statusCode === 200 ? undefined : said
  } catch (error) {
    return messageOf(error)
  }
}

/** No proxy is asked: the coordinator is on this machine. */
function ask(url: URL, tls: RequestTls | undefined): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? https.get : http.get
  const agent = url.protocol === 'https:' ? new https.Agent() : new http.Agent()
  return new Promise((resolve, reject) => {
    request(url, { agent, signal: AbortSignal.timeout(probeMsMax), ...tls }, resolve).on('error', reject)
  })
}
