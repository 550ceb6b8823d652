import { commaList, hostAndPort, wholeNumber } from '@hypershard/common'
import { z } from 'zod'
import type { ServerEntry } from './ports.ts'

/** How a setting names servers. */
export type MembershipSetting =
  | { readonly by: 'list'; readonly servers: readonly ServerEntry[] }
  | {
      readonly by: 'dns'
      /** As it was written. */
      readonly text: string
      readonly host: string
      readonly port: number
      /** The DNS server to ask, `host:port`; undefined: as the system resolves names. */
      readonly server: string | undefined
    }
  | { readonly by: 'redis'; readonly url: string }

const threeWays =
  'must be one of: host:port with commas between, each with =weight or @zone if wanted; dns:///name:port; redis://host:port'

const listed =
  /^(?<address>(\[[0-9a-fA-F:]+\]|[^\s:=@/]+):\d{1,5})(=(?<weight>\d{1,4}(\.\d{1,3})?))?(@(?<zone>[\w.:-]{1,100}))?$/
const byDns = /^dns:\/\/(?<server>(\[[0-9a-fA-F:]+\]|[\d.]+)(:\d{1,5})?)?\/(?<host>[\w.-]+):(?<port>\d{1,5})$/
const byRedis = /^rediss?:\/\//

/**
 * A setting that names servers: a list, a name of DNS, or a Redis in which they announce themselves.
 * @param missing what is wrong when it is not set
 */
export function membersSetting(missing: string) {
  return z.string(`is required: ${missing}`).transform((text, context): MembershipSetting => {
    const fail = (problem: string): never => {
      context.addIssue(problem)
      return z.NEVER
    }
    if (byRedis.test(text)) return isRedisUrl(text) ? { by: 'redis', url: text } : fail(threeWays)
    if (text.startsWith('dns:')) return readDnsName(text) ?? fail(threeWays)
    return readList(text, fail)
  })
}

function readDnsName(text: string): MembershipSetting | undefined {
  const { server, host, port } = byDns.exec(text)?.groups ?? {}
  if (host === undefined || !isReachable(`${host}:${port}`)) return undefined
  return { by: 'dns', text, host, port: Number(port), server }
}

function readList(text: string, fail: (problem: string) => never): MembershipSetting {
  const entries = commaList().safeParse(text)
  if (!entries.success) return fail(`must name at least one; ${threeWays}`)
  const servers = entries.data.map(entry => {
    const { address, weight = '1', zone = '' } = listed.exec(entry)?.groups ?? {}
    if (address === undefined || !isReachable(address)) return fail(`${withoutPassword(entry)}: ${threeWays}`)
    if (Number(weight) === 0) return fail(`${entry}: a weight must be more than 0`)
    return { address, weight: Number(weight), zone }
  })
  const addresses = new Set(servers.map(({ address }) => address))
  return addresses.size === servers.length ? { by: 'list', servers } : fail('names a server twice')
}

/** What is likely a Redis with a slip in it is told without what may be its password. */
function withoutPassword(entry: string): string {
  return entry.replace(/^(?:.*\/.*|redis.*)@/, '***@')
}

function isRedisUrl(text: string): boolean {
  return (URL.parse(text)?.hostname ?? '') !== ''
}

/** Whether it is `host:port` with a port that one can call. */
function isReachable(address: string): boolean {
  return hostAndPort().safeParse(address).success && !/:0+$/.test(address)
}

/** Settings of processes that follow which servers there are. */
export const membershipConfig = {
  HYPERSHARD_MEMBERSHIP_REFRESH_MS: z
    .string()
    .default('5000')
    .pipe(wholeNumber({ min: 50, max: 600_000 }))
    .describe(
      'How often a name of DNS is resolved again, or the announcements in a Redis are read, in milliseconds; sooner when ' +
        'a server cannot be reached.',
    ),
} as const

/** Settings of servers that announce themselves. */
export const memberConfig = {
  HYPERSHARD_MEMBERSHIP_REDIS_URL: z
    .string()
    .regex(byRedis, 'must be redis://… or rediss://…')
    .refine(isRedisUrl, 'must name a host')
    .optional()
    .describe(
      'A Redis in which the server announces itself, `redis://host:port`, for processes that are told the same Redis as ' +
        'their list of servers. While it is away, and when it loses everything, the server serves on.',
    ),
  HYPERSHARD_ADVERTISE: hostAndPort()
    .refine(isReachable, 'must have a port that is not 0')
    .optional()
    .describe(
      'The address that the server announces, `host:port` as others reach it; that on which it listens when not given. ' +
        'A server that listens on all addresses and announces itself needs it.',
    ),
  HYPERSHARD_MEMBERSHIP_WEIGHT: z
    .string()
    .regex(/^\d{1,4}(\.\d{1,3})?$/, 'must be a number such as 2 or 0.5')
    .default('1')
    .transform(Number)
    .refine(weight => weight > 0, 'must be more than 0')
    .describe('How much of the work the server announces to take, relative to the others.'),
} as const
