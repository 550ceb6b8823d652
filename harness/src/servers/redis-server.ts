import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from '../free-port.ts'

/** A real Redis server of a test's own. */
export interface RedisServer {
  readonly url: string
  readonly pid: number
  /** Loses everything in it. */
  flush(): Promise<void>
  stop(): Promise<void>
}

/** @param settings as its command line takes them; `--port` takes a free one when left out. @returns undefined where no redis-server is installed */
export async function startRedisServer(...settings: string[]): Promise<RedisServer | undefined> {
  if (!hasRedisServer()) return undefined
  const directory = mkdtempSync(join(tmpdir(), 'hypershard-redis-'))
  const own = settings.indexOf('--port')
  const port = own < 0 ? await freePort() : Number(settings[own + 1])
  const words = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', directory, ...settings]
  const server: ChildProcess = spawn('redis-server', words, { stdio: 'ignore' })
  const url = `redis://127.0.0.1:${port}`
  const client = new Redis(url, { retryStrategy: () => 50 })
  client.on('error', () => undefined)
  await client.ping()
  return {
    url,
    pid: server.pid!,
    flush: async () => void (await client.flushall()),
    stop: async () => {
      client.disconnect()
      server.kill('SIGKILL')
      await once(server, 'exit')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export function hasRedisServer(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
