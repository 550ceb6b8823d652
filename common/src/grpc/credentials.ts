import { isIP } from 'node:net'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import {
  type ChannelCredentials,
  type ClientOptions,
  credentials as channelCredentials,
  experimental,
  ServerCredentials,
} from '@grpc/grpc-js'
import type { Config } from '../config.ts'
import { HypershardError } from '../errors/hypershard-error.ts'
import type { Logger } from '../logging.ts'
import type { serviceConfig } from '../service-config.ts'
import { handshakeMsMax } from '../tls/handshake-ms-max.ts'
import type { CertificateFiles } from '../tls/read-certificates.ts'
import { WatchedCertificates } from '../tls/watched-certificates.ts'
import { clientOptions } from './channel-options.ts'

/**
 * The DNS name of every process of a cluster. A pod's address changes, and a name that DNS resolves to many servers is
 * not told by their addresses: a certificate that carries this name is good for any of them.
 */
export const clusterName = 'hypershard.internal'

/**
 * What a process proves itself with to the others of its cluster, and asks of them. Every connection between processes
 * takes its credentials from this file, so that they are one decision.
 */
export interface ProcessCredentials {
  readonly server: ServerCredentials
  /** @param address `host:port` of the server that is called */
  readonly channelTo: (address: string) => ChannelCredentials
  readonly close: () => void
}

/** Nothing is proved and nothing is asked: on one machine, in a network of its own, in tests. */
export const plainCredentials: ProcessCredentials = Object.freeze({
  server: ServerCredentials.createInsecure(),
  channelTo: () => channelCredentials.createInsecure(),
  close: () => undefined,
})

type TlsConfig = Pick<Config<typeof serviceConfig>, 'HYPERSHARD_TLS_CERT' | 'HYPERSHARD_TLS_KEY' | 'HYPERSHARD_TLS_CA'>

/**
 * What the settings name: mutual TLS, or plain connections where they name nothing.
 * @throws HypershardError `invalid_config` for files that cannot be used, or for one without the others
 */
export async function openProcessCredentials(config: TlsConfig, log: Logger): Promise<ProcessCredentials> {
  const files = filesOf(config)
  if (files === undefined) return plainCredentials
  const certificates = await WatchedCertificates.open(files, log)
  const provider = providerOf(certificates)
  return {
    server: boundHandshakes(experimental.createCertificateProviderServerCredentials(provider, provider, true)),
    channelTo: address => {
      const host = hostOf(address)
      return experimental.createCertificateProviderChannelCredentials(provider, provider, {
        checkServerIdentity: (_name, certificate) => checkName(host, certificate),
      })
    },
    close: () => certificates.close(),
  }
}

/** TLS of a server whose callers need no certificate: the public port. */
export function publicServerCredentials(
  certificates: WatchedCertificates | undefined,
  handshakeMs: number = handshakeMsMax,
): ServerCredentials {
  if (certificates === undefined) return plainCredentials.server
  const credentials = experimental.createCertificateProviderServerCredentials(providerOf(certificates), null, false)
  return boundHandshakes(credentials, handshakeMs)
}

/** grpc-js has no option for it, and hands what it asks of its credentials on to Node as it is. */
function boundHandshakes(credentials: ServerCredentials, handshakeMs: number = handshakeMsMax): ServerCredentials {
  const options = { ...credentials._getConstructorOptions(), handshakeTimeout: handshakeMs }
  return Object.assign(credentials, { _getConstructorOptions: () => options })
}

function filesOf(config: TlsConfig): CertificateFiles | undefined {
  const named = (['HYPERSHARD_TLS_CERT', 'HYPERSHARD_TLS_KEY', 'HYPERSHARD_TLS_CA'] as const).map(name => ({
    name,
    path: config[name],
  }))
  const missing = named.filter(({ path }) => path === undefined).map(({ name }) => name)
  if (missing.length === named.length) return undefined
  const [certificate, key, ca] = named.map(({ name, path = '' }) => ({ name, path }))
  if (missing.length === 0) return { certificate: certificate!, key: key!, ca: ca! }
  const problem = `${missing.join(' and ')}: missing; TLS between processes needs all of HYPERSHARD_TLS_CERT, _KEY and _CA`
  throw new HypershardError('invalid_config', `settings: ${problem}`)
}

/**
 * grpc-js's own reader of files hands on a certificate and a key that do not belong together, and forgets what it had when a
 * file is gone for a moment; this one hands on what was checked.
 */
function providerOf(certificates: WatchedCertificates): experimental.CertificateProvider {
  const ends = new Map<unknown, () => void>()
  const follow = (listener: unknown, tell: () => void) => {
    ends.set(listener, certificates.listen(tell))
    // Not at once: a server looks for changes only after it has asked for them.
    process.nextTick(tell)
  }
  const end = (listener: unknown) => {
    ends.get(listener)?.()
    ends.delete(listener)
  }
  return {
    addCaCertificateListener: listener =>
      follow(listener, () => {
        const { ca } = certificates.current
        listener(ca === undefined ? null : { caCertificate: ca })
      }),
    addIdentityCertificateListener: listener =>
      follow(listener, () => {
        const { certificate, key } = certificates.current
        listener({ certificate, privateKey: key })
      }),
    removeCaCertificateListener: end,
    removeIdentityCertificateListener: end,
  }
}

/** Whether a server's certificate is for the name or address it was called by, or for any process of the cluster. */
function checkName(host: string, certificate: PeerCertificate): Error | undefined {
  if (checkServerIdentity(clusterName, certificate) === undefined) return undefined
  if (checkServerIdentity(host, certificate) === undefined) return undefined
  const names = certificate.subjectaltname ?? 'no name'
  return new Error(`its certificate is for ${names}, neither for ${host} nor for DNS:${clusterName}`)
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1')
}

/** A class of clients as ts-proto and grpc-js make them. */
export type ClientClass<Client> = new (
  address: string,
  credentials: ChannelCredentials,
  options: ClientOptions,
) => Client

/** How a process calls others. */
export interface ChannelSettings {
  readonly credentials: ProcessCredentials
  /**
   * Limits and ways of the channel, `clientOptionsBehind` makes those that go through a proxy; or the channel of another
   * client, to share its connection.
   */
  readonly options: ClientOptions
}

export const plainChannel: ChannelSettings = Object.freeze({ credentials: plainCredentials, options: clientOptions })

/**
 * A client of another process, with the credentials and limits that all have.
 * @param address `host:port`
 * @example
 * const encoder = connectClient(EncoderServiceClient, '127.0.0.1:7702', { credentials, options: clientOptions })
 */
export function connectClient<Client>(
  service: ClientClass<Client>,
  address: string,
  { credentials, options }: ChannelSettings = plainChannel,
): Client {
  // An address is no name that TLS may ask for (RFC 6066); which one the server answers with is checked above.
  const isAddress = isIP(hostOf(address)) > 0
  const named = isAddress ? { ...options, 'grpc.ssl_target_name_override': clusterName } : options
  return new service(address, credentials.channelTo(address), named)
}
