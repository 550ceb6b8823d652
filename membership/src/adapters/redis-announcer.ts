import { type Clock, type Logger, OutageLog, pauseBy } from '@hypershard/common'
import { loadRedis } from '@hypershard/common/redis'
import type { Redis } from 'ioredis'
import {
  announcementMs,
  channelOf,
  keyOf,
  type Member,
  type MemberKind,
  type MemberMessage,
  renewEveryMs,
} from '../member-record.ts'
import type { MemberAnnouncer } from '../ports.ts'
import { redisName } from './redis-name.ts'

export interface RedisAnnouncerOptions {
  readonly url: string
  readonly kind: MemberKind
  /** As it is now. */
  readonly member: () => Member
  readonly clock: Clock
}

/** For one command: a server that stops waits no longer than this for a Redis that does not answer. */
const commandMsMax = 1_000

/** Announces a server in a Redis for as long as it lives. While the Redis is away it announces nothing, and serves all the same. */
export class RedisAnnouncer implements MemberAnnouncer {
  readonly #options: RedisAnnouncerOptions
  readonly #redis: Redis
  readonly #away: OutageLog
  readonly #stopped = new AbortController()
  /** Announcements go one after the other, so that the last is the one that stands. */
  #last: Promise<void> = Promise.resolve()

  constructor(options: RedisAnnouncerOptions, log: Logger) {
    this.#options = options
    this.#away = new OutageLog(redisName(options.url), log, options.clock)
    // What cannot be said at once is said with the next renewal.
    const Client = loadRedis()
    this.#redis = new Client(options.url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: commandMsMax,
      socketTimeout: commandMsMax,
    })
    this.#redis.on('error', error => this.#failed(error))
    this.#redis.on('ready', () => {
      this.#away.works()
      void this.changed()
    })
    void this.#renew()
  }

  changed(): Promise<void> {
    this.#last = this.#last.then(() => this.#announce())
    return this.#last
  }

  async stop(): Promise<void> {
    if (this.#stopped.signal.aborted) return
    this.#stopped.abort()
    await this.#last
    const { kind, member } = this.#options
    const { address } = member()
    await this.#send({ is: 'gone', address }, transaction => transaction.del(keyOf(kind, address)))
    this.#redis.disconnect()
  }

  async #renew(): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      await pauseBy(this.#options.clock, renewEveryMs, signal).catch(() => undefined)
      if (!signal.aborted) await this.changed()
    }
  }

  async #announce(): Promise<void> {
    if (this.#stopped.signal.aborted) return
    const { kind, member: now } = this.#options
    const member = now()
    const value = JSON.stringify(member)
    await this.#send({ is: 'here', member }, transaction =>
      transaction.set(keyOf(kind, member.address), value, 'PX', announcementMs),
    )
  }

  /** The key and the message together: who reads the one knows what the other says. */
  async #send(
    message: MemberMessage,
    write: (transaction: ReturnType<Redis['multi']>) => ReturnType<Redis['multi']>,
  ): Promise<void> {
    if (this.#redis.status !== 'ready') return
    try {
      await write(this.#redis.multi())
        .publish(channelOf(this.#options.kind, this.#redis.options.db ?? 0), JSON.stringify(message))
        .exec()
      this.#away.works()
    } catch (error) {
      this.#failed(error)
    }
  }

  #failed(error: unknown): void {
    if (!this.#stopped.signal.aborted) this.#away.failed(error)
  }
}
