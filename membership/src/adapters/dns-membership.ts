import dns from 'node:dns/promises'
import { type Clock, HypershardError, type Logger, OutageLog } from '@hypershard/common'
import type { MembershipSource } from '../ports.ts'
import { PublishedView } from '../published-view.ts'
import { RepeatedLook } from '../repeated-look.ts'

/** Addresses of one family under a name; none where it has none. Rejects when that cannot be told. */
export type AddressLookup = (family: 4 | 6) => Promise<readonly string[]>

export interface DnsMembershipOptions {
  /** As in messages: `dns:///shard-servers.search.svc:7710`. */
  readonly name: string
  readonly port: number
  readonly lookup: AddressLookup
  readonly everyMs: number
  readonly clock: Clock
}

/** A resolver that does not answer must not end looking. */
const lookMsMax = 5_000

/**
 * A server for each address that a name has, all of weight 1. A name that has none, or that is not known, is a failure: the
 * last view stays.
 */
export function dnsMembership(options: DnsMembershipOptions, log: Logger): MembershipSource {
  const { name, port, lookup, everyMs, clock } = options
  const view = new PublishedView()
  const away = new OutageLog(name, log, clock)
  let closed = false
  // One that takes long is waited for again, not asked again: the system's resolver has few threads.
  let asked: Promise<readonly string[]> | undefined
  const ask = () => {
    asked ??= addressesOf(name, lookup).finally(() => {
      asked = undefined
    })
    return asked
  }
  const look = async () => {
    try {
      const addresses = await within(lookMsMax, ask())
      if (closed) return
      view.publish([...new Set(addresses)].map(address => ({ address: withPort(address, port), weight: 1, zone: '' })))
      away.works()
    } catch (error) {
      if (!closed) away.failed(error)
    }
  }
  const looks = new RepeatedLook({ look, everyMs, clock })
  return {
    currentView: () => view.current,
    follow: listener => view.follow(listener),
    lookSoon: () => looks.soon(),
    // Who takes an address out of a name means it.
    askBeforeLeaving: () => undefined,
    close: () => {
      closed = true
      looks.close()
    },
  }
}

/** As the system resolves names: with its files of hosts and the domains that it searches, as of Kubernetes. */
export function systemLookup(host: string): AddressLookup {
  return async family => {
    const found = await dns.lookup(host, { family, all: true }).catch(noneIfUnknown)
    return found.map(({ address }) => address)
  }
}

/** As one DNS server answers, asked for whole names. @param server `host:port`, the host as an address */
export function serverLookup(host: string, server: string): AddressLookup {
  const resolver = new dns.Resolver({ timeout: 1_000, tries: 2 })
  resolver.setServers([server])
  return family => {
    const found = family === 4 ? resolver.resolve4(host) : resolver.resolve6(host)
    return found.catch(noneIfUnknown)
  }
}

/**
 * Those of IPv4, or of IPv6 where it has no others: a server that has one of each must not be two. So the answer for IPv4
 * must be certain before IPv6 counts.
 */
async function addressesOf(name: string, lookup: AddressLookup): Promise<readonly string[]> {
  for (const family of [4, 6] as const) {
    const addresses = await lookup(family)
    if (addresses.length > 0) return addresses
  }
  throw noAddressesOf(name)
}

function noAddressesOf(name: string): HypershardError {
  return new HypershardError('unavailable', `${name}: no such name, or it has no addresses`)
}

/** Whether there is no such name or it has no addresses of the family, a resolver does not always tell apart. */
function noneIfUnknown(error: NodeJS.ErrnoException): [] {
  if (error.code === dns.NOTFOUND || error.code === dns.NODATA) return []
  throw error
}

function withPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

async function within<Result>(ms: number, work: Promise<Result>): Promise<Result> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new HypershardError('unavailable', `no answer within ${ms} ms`)), ms)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
