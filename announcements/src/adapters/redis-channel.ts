import { HypershardError, type Logger, OutageLog } from '@hypershard/common'
import { loadRedis } from '@hypershard/common/redis'
import type { Redis } from 'ioredis'
import { z } from 'zod'
import type { Ear, Hint, HintChannel } from '../ports.ts'

const channelName = 'hypershard:hints'

const hintSchema = z.object({ sender: z.string(), key: z.string() })

/** Hints by the publish/subscribe of a Redis. While it is away none go, and the process does without. */
export class RedisChannel implements HintChannel {
  readonly #ear: Ear
  readonly #log: Logger
  readonly #publisher: Redis
  readonly #subscriber: Redis
  readonly #away: OutageLog
  #hearing = false
  #closed = false

  constructor(url: string, ear: Ear, log: Logger) {
    this.#ear = ear
    this.#log = log
    const { hostname, port } = new URL(url)
    this.#away = new OutageLog(`redis ${hostname}:${port || '6379'}`, log)
    // What cannot be sent at once is not sent later: by then who missed it has looked at the store.
    const Client = loadRedis()
    this.#publisher = new Client(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0 })
    // A connection that has subscribed can do nothing else.
    this.#subscriber = new Client(url, { autoResubscribe: false, maxRetriesPerRequest: null })
    this.#watch(this.#publisher, 'publisher', () => this.send({ sender: ear.sender, key: '' }))
    this.#watch(this.#subscriber, 'subscriber', () => void this.#subscribe())
    this.#subscriber.on('message', (_channel, text) => this.#receive(text))
  }

  get hearing(): boolean {
    return this.#hearing
  }

  send(hint: Hint): void {
    this.#publisher
      .publish(channelName, JSON.stringify(hint))
      .catch(error => this.#log.debug({ err: error }, 'no hint'))
  }

  close(): void {
    this.#closed = true
    this.#publisher.disconnect()
    this.#subscriber.disconnect()
  }

  async #subscribe(): Promise<void> {
    try {
      await this.#subscriber.subscribe(channelName)
    } catch (error) {
      this.#log.debug({ err: error }, 'not subscribed')
      return
    }
    this.#hearing = true
    // As if everyone had greeted: what was told before this is missed.
    this.#ear.receive({ sender: channelName, key: '' })
  }

  #receive(text: string): void {
    const hint = hintSchema.safeParse(parse(text))
    if (hint.success) this.#ear.receive(hint.data)
    else this.#log.warn({ channel: channelName }, 'something else than hints comes by this channel')
  }

  #watch(connection: Redis, way: string, onReady: () => void): void {
    const failed = (error: unknown) => {
      if (way === 'subscriber') this.#hearing = false
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

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
