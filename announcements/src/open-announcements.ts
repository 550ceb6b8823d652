import type { Logger } from '@hypershard/common'
import type { ChannelSettings } from '@hypershard/common/grpc'
import { GrpcPeer } from './adapters/grpc-peer.ts'
import { RedisChannel } from './adapters/redis-channel.ts'
import { Announcer } from './announcer.ts'

export interface AnnouncementWays {
  /** Coordinators to exchange hints with, `host:port`. */
  readonly coordinators?: readonly string[] | undefined
  readonly redisUrl?: string | undefined
  readonly channel?: ChannelSettings | undefined
}

/** Connects to whoever is named, in the background: none of them need be there. */
export function openAnnouncements(ways: AnnouncementWays, log: Logger): Announcer {
  const { coordinators = [], redisUrl, channel } = ways
  const announcer = new Announcer()
  for (const address of coordinators) announcer.open(ear => new GrpcPeer(address, ear, { log, channel }))
  if (redisUrl !== undefined) announcer.open(ear => new RedisChannel(redisUrl, ear, log))
  return announcer
}
