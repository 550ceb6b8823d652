import { Redis } from 'ioredis'

/** What a Redis says of itself. */
export interface RedisFacts {
  readonly version: string
  readonly evictionPolicy: string | undefined
  readonly persists: boolean
  /** `master`, or `slave` of one that only reads. */
  readonly role: string
}

const answerMsMax = 5_000

/**
 * Asks a Redis for facts. INFO is allowed where CONFIG is not, as on hosted ones.
 * @throws Error where it cannot be reached, or does not let the caller in
 */
export async function askRedis(url: string): Promise<RedisFacts> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: answerMsMax,
    commandTimeout: answerMsMax,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  // The failure of a command tells it as well.
  let lastError: Error | undefined
  client.on('error', error => {
    lastError = error
  })
  try {
    await client.connect()
    const facts = parseInfo(await client.info())
    return {
      version: facts.get('redis_version') ?? 'unknown',
      evictionPolicy: facts.get('maxmemory_policy'),
      persists: facts.get('aof_enabled') === '1' || (await savesSnapshots(client)),
      role: facts.get('role') ?? 'master',
    }
  } catch (error) {
    throw lastError ?? error
  } finally {
    client.disconnect()
  }
}

/** `save ""` takes none; where CONFIG is refused it counts as taking some. */
async function savesSnapshots(client: Redis): Promise<boolean> {
  try {
    const [, points = ''] = (await client.config('GET', 'save')) as string[]
    return points !== ''
  } catch {
    return true
  }
}

function parseInfo(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\r\n').flatMap(line => {
      const colon = line.indexOf(':')
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const]
    }),
  )
}
