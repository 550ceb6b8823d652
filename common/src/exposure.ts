import { BlockList, isIP } from 'node:net'
import type { Config } from './config.ts'
import { HypershardError } from './errors/hypershard-error.ts'
import type { Logger } from './logging.ts'
import type { serviceConfig } from './service-config.ts'

/** A port that a process is about to open. */
export interface Listening {
  /** The setting that says where. */
  readonly setting: string
  /** `host:port` */
  readonly address: string
  /** An internal port is for the other processes of the cluster; a public one for clients. */
  readonly for: 'processes' | 'clients'
}

export interface Protection {
  /** Whether callers of internal ports must show a certificate: HYPERSHARD_TLS_* are set. */
  readonly hasProcessTls: boolean
  /** Whether callers of public ports must show a key: HYPERSHARD_KEYS is set. */
  readonly hasKeys: boolean
  /** Whether the public ports speak TLS themselves. */
  readonly hasPublicTls: boolean
  /** HYPERSHARD_INSECURE, the operator's word that the network is protected otherwise. */
  readonly insecure: boolean
}

/**
 * The one rule of who may listen where: beyond this machine only where callers are told apart. Each process asks it of
 * its ports before it opens any of them.
 * @throws HypershardError `invalid_config` that says what is missing and what to do
 */
export function requireProtection(ports: readonly Listening[], protection: Protection, log: Logger): void {
  const exposed = ports.filter(({ address }) => !isLoopback(address))
  const bare = exposed.filter(port => !isProtected(port, protection))
  if (bare.length > 0 && !protection.insecure) {
    const problems = bare.map(problemOf)
    throw new HypershardError('invalid_config', `settings: ${problems.join('; ')}`, { details: { problems } })
  }
  for (const { setting, address } of bare) {
    log.warn({ setting, address }, 'anybody who reaches this port is let in, as HYPERSHARD_INSECURE says')
  }
  const plain = exposed.filter(port => port.for === 'clients' && !bare.includes(port) && !protection.hasPublicTls)
  for (const { setting, address } of plain) {
    const advice = 'end TLS in front of it, or set HYPERSHARD_HTTP_TLS_CERT and HYPERSHARD_HTTP_TLS_KEY'
    log.warn({ setting, address, advice }, 'keys and documents pass this port in the clear')
  }
}

/** The rule for a process whose only port is for other processes. */
export function requireInternalProtection<Setting extends string>(
  setting: Setting,
  config: Readonly<Record<Setting, string>> &
    Pick<Config<typeof serviceConfig>, 'HYPERSHARD_TLS_CERT' | 'HYPERSHARD_INSECURE'>,
  log: Logger,
): void {
  const hasProcessTls = config.HYPERSHARD_TLS_CERT !== undefined
  const protection = { hasProcessTls, hasKeys: false, hasPublicTls: false, insecure: config.HYPERSHARD_INSECURE }
  requireProtection([{ setting, address: config[setting], for: 'processes' }], protection, log)
}

function isProtected(port: Listening, { hasProcessTls, hasKeys }: Protection): boolean {
  return port.for === 'processes' ? hasProcessTls : hasKeys
}

function problemOf({ setting, address, for: whom }: Listening): string {
  const [open, mend] =
    whom === 'processes'
      ? ['any process that reaches it', 'HYPERSHARD_TLS_CERT, HYPERSHARD_TLS_KEY and HYPERSHARD_TLS_CA']
      : ['anybody who reaches it', 'HYPERSHARD_KEYS']
  return `${setting}: ${address} would be open to ${open}; set ${mend}, listen on 127.0.0.1, or set HYPERSHARD_INSECURE=true where the network itself is closed`
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** A name other than `localhost` may be anything, and counts as beyond this machine. */
export function isLoopback(address: string): boolean {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1')
  const family = isIP(host)
  // An IPv4 address that is written as IPv6 is compared as IPv4.
  return family === 0 ? host === 'localhost' : loopback.check(host, family === 4 ? 'ipv4' : 'ipv6')
}
