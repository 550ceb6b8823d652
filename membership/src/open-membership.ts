import { type Clock, type Logger, systemClock } from '@hypershard/common'
import { dnsMembership, serverLookup, systemLookup } from './adapters/dns-membership.ts'
import { RedisMembership } from './adapters/redis-membership.ts'
import { staticMembership } from './adapters/static-membership.ts'
import type { MembershipSetting } from './config.ts'
import type { MemberKind } from './member-record.ts'
import type { MembershipSource } from './ports.ts'

interface MembershipOptions {
  /** Which servers are meant. */
  readonly kind: MemberKind
  /** Of names of DNS and announcements in a Redis: how often they are looked at. */
  readonly refreshMs: number
  readonly clock?: Clock
}

/**
 * Opens the source that a setting names. It returns at once: what must be looked up comes as a later view, however long
 * that takes.
 * @example
 * ```ts
 * const membership = openMembership(config.HYPERSHARD_ENCODER, { kind: 'encoder', refreshMs: 5_000 }, log)
 * const end = membership.follow(view => cluster.take(view))
 * ```
 */
export function openMembership(
  setting: MembershipSetting,
  { kind, refreshMs: everyMs, clock = systemClock }: MembershipOptions,
  log: Logger,
): MembershipSource {
  switch (setting.by) {
    case 'list':
      return staticMembership(setting.servers)
    case 'dns': {
      const { text: name, host, port, server } = setting
      const lookup = server === undefined ? systemLookup(host) : serverLookup(host, server)
      return dnsMembership({ name, port, lookup, everyMs, clock }, log)
    }
    case 'redis':
      return new RedisMembership({ url: setting.url, kind, everyMs, clock }, log)
  }
}
