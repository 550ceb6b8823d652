import { type Clock, HypershardError, type Logger, OutageLog } from '@hypershard/common'
import { loadRedis } from '@hypershard/common/redis'
import type { Redis } from 'ioredis'
import { AnnouncedMembers } from '../announced-members.ts'
import {
  channelOf,
  keyPrefix,
  type Member,
  type MemberKind,
  membersMax,
  parseMember,
  parseMessage,
} from '../member-record.ts'
import type { MembershipSource, MembershipView } from '../ports.ts'
import { PublishedView } from '../published-view.ts'
import { RepeatedLook } from '../repeated-look.ts'
import { redisName } from './redis-name.ts'

export interface RedisMembershipOptions {
  readonly url: string
  readonly kind: MemberKind
  readonly everyMs: number
  readonly clock: Clock
}

/** Keys of one step of a scan. */
const scanKeys = 250

/** For one command: then the connection counts as dead and is made anew. */
const commandMsMax = 5_000

/**
 * The servers that announce themselves in a Redis: all keys are read on connecting and at each interval, and changes come
 * by a channel. Whatever it loses, or if it is away, the last view stays.
 */
export class RedisMembership implements MembershipSource {
  readonly #options: RedisMembershipOptions
  readonly #log: Logger
  readonly #view = new PublishedView()
  readonly #members: AnnouncedMembers
  readonly #reader: Redis
  readonly #subscriber: Redis
  readonly #channel: string
  readonly #away: OutageLog
  /** From the first connection on. */
  #looks: RepeatedLook | undefined
  #isDown: (address: string) => boolean = () => false
  /** Told of once: another program writes there. */
  #strangeTold = false
  #closed = false

  constructor(options: RedisMembershipOptions, log: Logger) {
    const { url, clock } = options
    this.#options = options
    this.#log = log
    this.#away = new OutageLog(redisName(url), log, clock)
    this.#members = new AnnouncedMembers(clock, address => this.#isDown(address))
    const timeouts = { commandTimeout: commandMsMax, socketTimeout: commandMsMax }
    const Client = loadRedis()
    this.#reader = new Client(url, { ...timeouts, enableOfflineQueue: false, maxRetriesPerRequest: 0 })
    this.#channel = channelOf(options.kind, this.#reader.options.db ?? 0)
    // A connection that has subscribed can do nothing else.
    this.#subscriber = new Client(url, { ...timeouts, enableOfflineQueue: false, autoResubscribe: false })
    this.#watch(this.#reader, 'reader', () => this.lookSoon())
    this.#watch(this.#subscriber, 'subscriber', () => void this.#subscribe())
    this.#subscriber.on('message', (_channel, text) => this.#hear(text))
  }

  currentView(): MembershipView {
    return this.#view.current
  }

  follow(listener: (view: MembershipView) => void): () => void {
    return this.#view.follow(listener)
  }

  lookSoon(): void {
    if (this.#looks !== undefined) this.#looks.soon()
    else if (this.#reader.status === 'ready') {
      const { everyMs, clock } = this.#options
      this.#looks = new RepeatedLook({ look: () => this.#scan(), everyMs, clock })
    }
  }

  askBeforeLeaving(isDown: (address: string) => boolean): void {
    this.#isDown = isDown
  }

  close(): void {
    this.#closed = true
    this.#looks?.close()
    this.#reader.disconnect()
    this.#subscriber.disconnect()
  }

  async #scan(): Promise<void> {
    if (this.#reader.status !== 'ready') return
    this.#members.beginScan()
    try {
      const members = await this.#readAll()
      if (this.#closed) return
      this.#members.endScan(members)
      this.#view.publish(this.#members.entries)
      this.#away.works('keys')
      // A connection on which nothing comes is found dead by asking on it.
      if (this.#subscriber.status === 'ready') await this.#subscriber.ping()
    } catch (error) {
      this.#members.forgetMissed()
      if (!this.#closed) this.#away.failed(error, 'keys')
    }
  }

  async #readAll(): Promise<Member[]> {
    const prefix = keyPrefix(this.#options.kind)
    const keys = new Set<string>()
    let cursor = '0'
    do {
      const [next, found] = await this.#reader.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', scanKeys)
      for (const key of found) if (keys.size < membersMax) keys.add(key)
      cursor = next
    } while (cursor !== '0')
    if (keys.size === 0) return []
    const values = await this.#reader.mget([...keys])
    // One that expired since the scan saw it is gone.
    return values.filter(value => value !== null).flatMap(value => this.#checked(parseMember(value), value))
  }

  #hear(text: string): void {
    for (const message of this.#checked(parseMessage(text), text)) {
      this.#members.hear(message)
      this.#view.publish(this.#members.entries)
    }
  }

  #checked<Read>(read: Read | undefined, text: string): Read[] {
    if (read !== undefined) return [read]
    const facts = { channel: this.#channel, text: text.slice(0, 200) }
    if (!this.#strangeTold) this.#log.warn(facts, 'something else than servers is announced there')
    this.#strangeTold = true
    return []
  }

  async #subscribe(): Promise<void> {
    try {
      await this.#subscriber.subscribe(this.#channel)
      // What was told before this is missed.
      this.lookSoon()
    } catch (error) {
      this.#log.debug({ err: error }, 'not subscribed')
    }
  }

  #watch(connection: Redis, way: string, onReady: () => void): void {
    const failed = (error: unknown) => {
      this.#members.forgetMissed()
      if (!this.#closed) this.#away.failed(error, way)
    }
    connection.on('error', failed)
    connection.on('close', () => failed(new HypershardError('unavailable', 'the connection was closed')))
    connection.on('ready', () => {
      this.#away.works(way)
      onReady()
    })
  }
}
