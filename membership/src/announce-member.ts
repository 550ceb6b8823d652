import { type Clock, type Config, HypershardError, type Logger, systemClock } from '@hypershard/common'
import { RedisAnnouncer } from './adapters/redis-announcer.ts'
import type { memberConfig } from './config.ts'
import type { Member, MemberKind } from './member-record.ts'
import type { MemberAnnouncer } from './ports.ts'

interface AnnounceOptions {
  readonly kind: MemberKind
  /** Where the server listens, `host:port`. */
  readonly listening: string
  /** What it says of itself, now. */
  readonly describe: () => Omit<Member, 'address' | 'weight'>
  readonly clock?: Clock
}

const silent: MemberAnnouncer = { changed: async () => undefined, stop: async () => undefined }

/** Hosts that stand for all addresses of a machine, and so for none that others reach. */
const everywhere = ['0.0.0.0', '[::]', '[::0]', '::', '*']

/**
 * Called before a server listens.
 * @param listen where it will listen, `host:port`
 * @throws HypershardError `invalid_config` when that is on all addresses and it is not told which one to announce
 */
export function requireAdvertised(config: Config<typeof memberConfig>, listen: string): void {
  const { HYPERSHARD_MEMBERSHIP_REDIS_URL: url, HYPERSHARD_ADVERTISE: address = listen } = config
  if (url === undefined || !everywhere.includes(address.slice(0, address.lastIndexOf(':')))) return
  const problem = `HYPERSHARD_ADVERTISE: is required, since ${address} does not say where others reach this server`
  throw new HypershardError('invalid_config', `settings: ${problem}; set it to host:port`)
}

/** Announces a server that listens, if it is told a Redis. Call `requireAdvertised` first. */
export function announceMember(
  config: Config<typeof memberConfig>,
  { kind, listening, describe, clock = systemClock }: AnnounceOptions,
  log: Logger,
): MemberAnnouncer {
  const { HYPERSHARD_MEMBERSHIP_REDIS_URL: url, HYPERSHARD_ADVERTISE: address = listening } = config
  if (url === undefined) return silent
  const weight = config.HYPERSHARD_MEMBERSHIP_WEIGHT
  return new RedisAnnouncer({ url, kind, clock, member: () => ({ ...describe(), address, weight }) }, log)
}
