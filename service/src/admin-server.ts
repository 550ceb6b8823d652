import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HypershardError, messageOf } from '@hypershard/common'
import type { TelemetrySettings } from './live-telemetry.ts'

/** What the admin listener tells of a process. */
export interface AdminAnswers {
  /** @throws HypershardError naming what keeps the process from its work */
  requireReady(): Promise<void>
  /** Undefined while metrics are off. */
  readonly metrics: { readonly contentType: string; render(): Promise<string> } | undefined
  /** What the process counts and traces from now on. */
  readTelemetry(): Promise<TelemetrySettings>
}

export interface AdminServer {
  /** `host:port` with the port really taken. */
  readonly address: string
  stop(): Promise<void>
}

/** How long callers may take, and how many may come. */
export interface AdminBounds {
  /** A scrape or probe is one short request; who takes longer than this to send it is cut off. */
  readonly requestMsMax: number
  /** How often that is looked at. */
  readonly timeoutsLookedAtMs: number
  readonly connectionsMax: number
}

const usualBounds: AdminBounds = { requestMsMax: 5_000, timeoutsLookedAtMs: 1_000, connectionsMax: 64 }

/**
 * Serves `/healthz` (the process lives), `/readyz` (it can do its work), `/metrics` and `/telemetry` (what is counted and
 * traced) over plain HTTP, for probes and Prometheus. It answers from before the process is ready until its end, and
 * changes nothing.
 * @throws HypershardError `address_in_use`
 */
export async function startAdminServer(
  address: string,
  answers: AdminAnswers,
  { requestMsMax, timeoutsLookedAtMs, connectionsMax }: AdminBounds = usualBounds,
): Promise<AdminServer> {
  const settings = {
    requestTimeout: requestMsMax,
    headersTimeout: requestMsMax,
    connectionsCheckingInterval: timeoutsLookedAtMs,
  }
  const server = createServer(settings, (request, response) => {
    answer(request, response, answers).catch(error => send(response, 500, 'text/plain', `${messageOf(error)}\n`))
  })
  server.maxConnections = connectionsMax
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon)
  await new Promise<void>((resolve, reject) => {
    server.once('error', cause => {
      const message = `cannot listen on ${address} for the admin listener: ${messageOf(cause)}; free the port or set HYPERSHARD_ADMIN_LISTEN`
      reject(new HypershardError('address_in_use', message, { details: { address }, cause }))
    })
    server.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(colon + 1)) }, resolve)
  })
  return {
    address: `${host}:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, answers: AdminAnswers): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, 'text/plain', 'GET only\n')
  switch (request.url?.split('?')[0]) {
    case '/healthz':
      return send(response, 200, 'text/plain', 'alive\n')
    case '/readyz':
      return answers.requireReady().then(
        () => send(response, 200, 'text/plain', 'ready\n'),
        error => send(response, 503, 'text/plain', `${messageOf(error)}\n`),
      )
    case '/metrics':
      if (answers.metrics === undefined) return send(response, 404, 'text/plain', 'metrics are off\n')
      return send(response, 200, answers.metrics.contentType, await answers.metrics.render())
    case '/telemetry':
      return send(response, 200, 'application/json', `${JSON.stringify(await answers.readTelemetry())}\n`)
    default:
      return send(response, 404, 'text/plain', 'there are /healthz, /readyz, /metrics and /telemetry\n')
  }
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) }).end(text)
}
