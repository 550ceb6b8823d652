import { type RedisServer, startRedisServer } from '@hypershard/harness/servers'

/** The Redis of a fleet: everything that may be kept in one is. It can lose it all, and be away. */
export class FleetRedis {
  readonly url: string
  #server: RedisServer | undefined

  private constructor(server: RedisServer) {
    this.url = server.url
    this.#server = server
  }

  /** @throws Error where none is installed */
  static async start(): Promise<FleetRedis> {
    return new FleetRedis(await started())
  }

  /** FLUSHALL. */
  async flush(): Promise<void> {
    await this.#server?.flush()
  }

  /** SIGKILL; nothing that was in it comes back. */
  async kill(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    await server?.stop()
  }

  /** Starts one again at the same address, empty. */
  async startAgain(): Promise<void> {
    this.#server = await started('--port', new URL(this.url).port)
  }
}

async function started(...settings: string[]): Promise<RedisServer> {
  const server = await startRedisServer(...settings)
  if (server === undefined) throw new Error('redis-server is not installed; servers announce themselves in one')
  return server
}
