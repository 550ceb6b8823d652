import { resolve4, resolve6 } from 'node:dns/promises'
import { connect } from 'node:net'
import { messageOf } from '@hypershard/common'
import type { MembershipSetting } from '@hypershard/membership'
import { advice, type Check, type Finding, ok, problem } from '../check.ts'
import type { Configuration } from './read-configuration.ts'

const connectMsMax = 3_000
/** Of one name: a large cluster's list is looked at in part. */
const peersMax = 256

/** Whom the process would call can be reached: one that is down is waited for, so that this is advice. */
export const peersReachable: Check<Configuration> = {
  name: 'peers',
  look: async ({ settings }) => {
    const lists = [
      ...(['HYPERSHARD_ENCODER', 'HYPERSHARD_SHARD_SERVERS'] as const).map(name => ({
        name,
        addresses: addressesIn(settings[name] as MembershipSetting | undefined),
      })),
      { name: 'HYPERSHARD_COORDINATORS', addresses: (settings.HYPERSHARD_COORDINATORS ?? []) as readonly string[] },
    ]
    const found = await Promise.all(lists.map(async ({ name, addresses }) => lookAt(name, await addresses)))
    return found.flat()
  },
}

/** Of a Redis the check of that tells. */
async function addressesIn(setting: MembershipSetting | undefined): Promise<readonly string[] | Error> {
  if (setting?.by === 'list') return setting.servers.map(({ address }) => address)
  if (setting?.by !== 'dns' || setting.server !== undefined) return []
  const { host, port } = setting
  const found = await Promise.allSettled([resolve4(host), resolve6(host)])
  const ips = found.flatMap(result => (result.status === 'fulfilled' ? result.value : []))
  if (ips.length === 0) return new Error(`the name ${host} has no address`)
  return ips.map(ip => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`))
}

async function lookAt(name: string, addresses: readonly string[] | Error): Promise<Finding[]> {
  if (addresses instanceof Error) {
    return [
      problem(
        `${name}: ${addresses.message}`,
        'see that DNS knows it, as a headless service for servers of Kubernetes',
      ),
    ]
  }
  if (addresses.length === 0) return []
  const reached = await Promise.all(
    addresses.slice(0, peersMax).map(async address => ({ address, failure: await reach(address) })),
  )
  const away = reached.filter(({ failure }) => failure !== undefined)
  if (away.length === 0) return [ok(`${name}: all ${reached.length} can be reached`)]
  return away.map(({ address, failure }) =>
    advice(`${name}: ${address} cannot be reached: ${failure}`, 'start it, or mend the address or the network'),
  )
}

/** @returns why not; undefined when somebody listens there */
async function reach(address: string): Promise<string | undefined> {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  const socket = connect({ host, port: Number(address.slice(colon + 1)) })
  const reached = Promise.withResolvers<string | undefined>()
  socket.setTimeout(connectMsMax, () => reached.resolve(`no answer within ${connectMsMax / 1_000} s`))
  socket.once('connect', () => reached.resolve(undefined))
  socket.once('error', error => reached.resolve(messageOf(error)))
  try {
    return await reached.promise
  } finally {
    socket.destroy()
  }
}
