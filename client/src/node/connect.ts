import { readFileSync } from 'node:fs'
import type { ClientOptions } from '../client-options.ts'
import { InvalidCall, messageOf } from '../errors.ts'
import { HypershardClient } from '../hypershard-client.ts'
import type { SettingNames, Transport } from '../ports.ts'
import { type ClientTls, readChunks, sendRequest } from './send-request.ts'

export interface NodeClientOptions extends Omit<ClientOptions, 'transport'> {
  /** Of `https:`: whom to believe; those that Node believes when left out. */
  readonly tls?: ClientTls | undefined
  /** A PEM file with the CA to believe, in place of `tls`. */
  readonly caFile?: string | undefined
}

/**
 * A client over Node's own HTTP: with a CA of your own, without the 300 s after which `fetch` ends an exchange, with
 * progress while a stream is still being sent.
 * @throws InvalidCall for a URL or a CA file that is none
 */
export function connect({ tls, caFile, ...options }: NodeClientOptions): HypershardClient {
  const own = caFile === undefined ? tls : { ...tls, ca: readCa(caFile, 'caFile') }
  return new HypershardClient({ ...options, transport: nodeTransport(own, options.names) })
}

export function nodeTransport(tls: ClientTls | undefined, names?: SettingNames): Transport {
  return async given => {
    const request = { ...given, tls, names }
    const answer = await sendRequest(request)
    return {
      status: answer.statusCode ?? 0,
      header: name => {
        const value = answer.headers[name]
        return Array.isArray(value) ? value.join(', ') : value
      },
      chunks: readChunks(answer, request),
    }
  }
}

/**
 * @param name of the setting that gives the path, for messages
 * @throws InvalidCall for a file that cannot be read, or has no certificate in it
 */
export function readCa(path: string, name: string): string {
  let pem: string
  try {
    pem = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new InvalidCall(`${name}: ${path} cannot be read: ${messageOf(cause)}`, { cause })
  }
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  throw new InvalidCall(`${name}: ${path} holds no certificate; it must be a PEM file`)
}
