import { HypershardError, messageOf } from '@hypershard/common'
import { loadRedis } from '@hypershard/common/redis'
import type { Redis } from 'ioredis'
import { type KeyRecord, parseKey } from '../key-record.ts'
import type { KeyStore, StoredKeys, UnreadableKey } from '../ports.ts'

/** A hash: the id of a key, and what is stored of it in JSON. */
const hashName = 'hypershard:keys'

/** For one command, also while it is connecting. */
const commandMsMax = 2_000

export class RedisKeys implements KeyStore {
  readonly name: string
  readonly #redis: Redis

  constructor(url: string) {
    const { hostname, port } = new URL(url)
    this.name = `redis ${hostname}:${port || '6379'}`
    const Client = loadRedis()
    this.#redis = new Client(url, {
      lazyConnect: true,
      maxRetriesPerRequest: 1,
      commandTimeout: commandMsMax,
      connectTimeout: commandMsMax,
    })
    // Whoever asks is told, by the command that fails.
    this.#redis.on('error', () => undefined)
  }

  /** Each by itself: a record that is broken keeps no revocation of another from being heard. */
  async read(): Promise<StoredKeys> {
    const stored = await this.#ask(redis => redis.hgetall(hashName))
    const keys: KeyRecord[] = []
    const unreadable: UnreadableKey[] = []
    for (const [id, text] of Object.entries(stored)) {
      try {
        keys.push(this.#parse(id, text))
      } catch (error) {
        if (!(error instanceof HypershardError)) throw error
        unreadable.push({ id, fault: error.message })
      }
    }
    return { keys, unreadable }
  }

  async add(key: KeyRecord): Promise<void> {
    await this.#ask(redis => redis.hset(hashName, key.id, JSON.stringify(key)))
  }

  async remove(id: string): Promise<boolean> {
    return (await this.#ask(redis => redis.hdel(hashName, id))) > 0
  }

  close(): void {
    this.#redis.disconnect()
  }

  #parse(id: string, text: string): KeyRecord {
    const key = parseKey(text, `${this.name}: key ${id}`)
    if (key.id === id) return key
    throw new HypershardError('invalid_config', `${this.name}: key ${id} says that it is ${key.id}`)
  }

  async #ask<Answer>(command: (redis: Redis) => Promise<Answer>): Promise<Answer> {
    try {
      return await command(this.#redis)
    } catch (cause) {
      throw new HypershardError('unavailable', `${this.name}: ${messageOf(cause)}; check that it runs`, { cause })
    }
  }
}
