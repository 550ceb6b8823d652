import http, { type IncomingMessage } from 'node:http'
import https, { type RequestOptions } from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { messageOf, NotReachable } from '../errors.ts'
import { optionNames, type SettingNames, type TransportRequest } from '../ports.ts'

/** What of TLS a client may be told: whom to believe. */
export type ClientTls = Pick<RequestOptions, 'ca' | 'checkServerIdentity'> & {
  readonly allowPartialTrustChain?: boolean
}

export interface HttpRequest extends Omit<TransportRequest, 'headers'> {
  readonly headers?: Readonly<Record<string, string>>
  /** Of `https:`; those that Node believes when left out. */
  readonly tls?: ClientTls | undefined
  readonly names?: SettingNames | undefined
}

/**
 * Sends one request and gives its answer as soon as the head has come, even while the body is still being sent: a long
 * upload reports its progress in the answer. `fetch` is not used because it ends any exchange whose answer takes
 * 300 s, and a search may ask for twice that.
 * @throws NotReachable when no answer comes
 * @throws whatever reading the body threw
 */
export function sendRequest(request: HttpRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { url, method, headers = {}, signal, tls, body } = request
    const send = url.protocol === 'https:' ? https.request : http.request
    const length = body instanceof Uint8Array ? { 'content-length': `${body.length}` } : {}
    const options = { method, headers: { ...headers, ...length }, signal, ...tls, ...directAgent(url) }
    const outgoing = send(url, options, resolve)
    // After the answer's head a broken upload is no failure of its own: the answer says what the server made of it.
    outgoing.on('error', error => reject(translateTransportError(error, request)))
    if (body === undefined || body instanceof Uint8Array) outgoing.end(body)
    else pipeline(Readable.from(body), outgoing).catch(error => outgoing.destroy(error))
  })
}

/** An agent that was given no environment uses no proxy. */
const direct = Object.freeze({ 'http:': new http.Agent(), 'https:': new https.Agent() })

/**
 * Of a coordinator on this machine: no proxy can reach it, also where `NODE_USE_ENV_PROXY` has Node take the one that
 * `http_proxy` names. To any other the way is what Node makes of the environment.
 */
function directAgent({ hostname, protocol }: URL): { agent?: http.Agent } {
  const local = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
  return local ? { agent: direct[protocol as keyof typeof direct] } : {}
}

/** The whole body of an answer as text. */
export async function readText(answer: IncomingMessage, request: HttpRequest): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of readChunks(answer, request)) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** The body of an answer, with broken connections told in our words. */
export async function* readChunks(answer: IncomingMessage, request: HttpRequest): AsyncGenerator<Buffer> {
  try {
    yield* answer as AsyncIterable<Buffer>
  } catch (error) {
    throw translateTransportError(error, request)
  }
}

function translateTransportError(error: unknown, { url, signal, names = optionNames }: HttpRequest): unknown {
  if (error instanceof NotReachable) return error
  if (signal.aborted) {
    const { reason } = signal
    if (!(reason instanceof DOMException) || reason.name !== 'TimeoutError') return reason
    const message = `${url.origin} did not answer in time; ask for a longer ${names.timeout}`
    return new NotReachable('deadline_exceeded', message, error)
  }
  const advice = adviceOn(error, url, names)
  return new NotReachable('unavailable', `cannot reach ${url.origin}: ${reasonOf(error)}${advice}`, error)
}

/** Of failures that TLS is behind, what to do. */
function adviceOn(error: unknown, { protocol, host }: URL, names: SettingNames): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (protocol === 'http:') {
    return code === 'ECONNRESET' ? `; if it speaks HTTPS, call https://${host}` : ''
  }
  if (untrusted.has(code)) return `; name the CA that signed its certificate with ${names.ca}`
  return code === 'EPROTO' || /wrong version number/.test(messageOf(error))
    ? `; if it speaks plain HTTP, call http://${host}`
    : ''
}

const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** A host with several addresses fails with one error for each of them and no message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ')
  return messageOf(error)
}
