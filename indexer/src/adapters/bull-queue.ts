import { HypershardError, type Logger, messageOf, OutageLog } from '@hypershard/common'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { type Job, jobKey } from '../queue/job.ts'
import type { JobHandler, JobQueue } from '../queue/job-queue.ts'

export interface BullQueueOptions {
  readonly url: string
  readonly concurrency: number
  readonly log: Logger
  /** Jobs of different names wait apart. */
  readonly name: string
  /** What the keys in Redis begin with; clusters that share a Redis each need their own. */
  readonly prefix?: string
}

const connectMsMax = 10_000

/** Less than a supervisor waits for a process to stop. */
const closeMsMax = 5_000

/** A worker that gives no sign for so long is taken to be dead, and its job is given to another. */
const lockMs = 30_000

/** After a failure of the queue itself, as when Redis has lost a job that was just done. */
const retryMs = 500

/** A job may be taken from a worker that seemed dead any number of times: doing it twice commits once. */
const stallsMax = 1_000_000

/** Finished and failed jobs are forgotten: what is left to do follows from the object store. */
const forgotten = { removeOnComplete: true, removeOnFail: true } as const

/**
 * The queue that several indexers share, in Redis by BullMQ. It holds pointers only. When Redis loses it all, the scans
 * of the object store fill it again; while Redis cannot be reached, nothing is added and work under way goes on.
 * @throws HypershardError `unavailable` when Redis cannot be reached, `invalid_config` when it may evict jobs
 */
export async function openBullQueue(options: BullQueueOptions): Promise<JobQueue> {
  const { url, log, prefix = 'hypershard' } = options
  // Adding fails at once while Redis is away: the next scan tries again.
  const connection = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 1, enableOfflineQueue: false })
  // Until it has been reached once, who starts this says what is wrong.
  connection.on('error', error => log.debug({ err: error }, 'redis connection'))
  try {
    await checkRedis(connection, url)
  } catch (error) {
    connection.disconnect()
    throw error
  }
  return new BullQueue(options, connection, prefix)
}

class BullQueue implements JobQueue {
  readonly #options: BullQueueOptions
  readonly #connection: Redis
  readonly #prefix: string
  readonly #queue: Queue
  readonly #stop = new AbortController()
  readonly #outage: OutageLog
  #worker: Worker | undefined
  #workerConnection: Redis | undefined

  constructor(options: BullQueueOptions, connection: Redis, prefix: string) {
    this.#options = options
    this.#connection = connection
    this.#prefix = prefix
    this.#outage = new OutageLog(`redis ${withoutPassword(options.url)}`, options.log)
    this.#watch(connection, 'queue')
    this.#queue = new Queue(options.name, { connection, prefix, skipVersionCheck: true })
    this.#queue.on('error', error => this.#tell(error))
  }

  async add(jobs: readonly Job[]): Promise<void> {
    if (jobs.length === 0) return
    // One trip for all. BullMQ leaves out a job whose id it has.
    const named = jobs.map(job => ({ name: job.kind, data: job, opts: { jobId: jobKey(job), ...forgotten } }))
    await this.#ask(() => this.#queue.addBulk(named))
  }

  process(handler: JobHandler, onEnded: (job: Job) => void = () => undefined): void {
    const { url, concurrency, name } = this.#options
    // A worker waits for jobs inside a command, which needs a connection of its own without a limit of tries.
    const connection = new Redis(url, { maxRetriesPerRequest: null })
    this.#watch(connection, 'worker')
    const turn = { signal: this.#stop.signal, othersWait: () => this.#othersWait() }
    this.#worker = new Worker(name, job => handler(job.data as Job, turn), {
      connection,
      prefix: this.#prefix,
      concurrency,
      skipVersionCheck: true,
      lockDuration: lockMs,
      stalledInterval: lockMs / 2,
      maxStalledCount: stallsMax,
      runRetryDelay: retryMs,
    })
    this.#worker.on('error', error => this.#tell(error))
    this.#worker.on('completed', job => onEnded(job.data as Job))
    this.#worker.on('failed', job => job && onEnded(job.data as Job))
    this.#workerConnection = connection
  }

  countWaiting(): Promise<number> {
    return this.#ask(() => this.#queue.getWaitingCount())
  }

  async requireReachable(): Promise<void> {
    await this.#ask(() => this.#connection.ping())
  }

  async close(): Promise<void> {
    this.#stop.abort()
    const closing = [this.#worker?.close(), this.#queue.close()]
    // BullMQ waits for ever for a connection that is being made anew.
    await within(Promise.allSettled(closing), closeMsMax).catch(() => undefined)
    this.#workerConnection?.disconnect()
    this.#connection.disconnect()
  }

  /** While Redis is away nobody waits that could be given the place. */
  #othersWait(): Promise<boolean> {
    return this.#queue.getWaitingCount().then(
      waiting => waiting > 0,
      () => false,
    )
  }

  /** Every connection says for itself that Redis is away, at each of its tries: together they make one line. */
  #watch(connection: Redis, way: string): void {
    const failed = (error: Error) => {
      if (!this.#stop.signal.aborted) this.#outage.failed(error, way)
    }
    connection.on('error', failed)
    connection.on('close', () => failed(new Error('the connection was closed')))
    connection.on('ready', () => this.#outage.works(way))
  }

  /** @throws HypershardError `unavailable`, of which the log tells already */
  async #ask<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await step()
    } catch (error) {
      const message = `redis ${withoutPassword(this.#options.url)}: ${messageOf(error)}`
      throw new HypershardError('unavailable', message, { cause: error })
    }
  }

  #tell(error: Error): void {
    if (!this.#stop.signal.aborted) this.#options.log.debug({ err: error }, 'job queue')
  }
}

/** @throws HypershardError `unavailable`, `invalid_config` */
async function checkRedis(connection: Redis, url: string): Promise<void> {
  const where = withoutPassword(url)
  let policy: string | undefined
  try {
    await within(connection.connect(), connectMsMax)
    policy = /^maxmemory_policy:(\S+)/m.exec(await connection.info('memory'))?.[1]
  } catch (error) {
    throw new HypershardError('unavailable', `redis ${where}: ${messageOf(error)}`, { cause: error })
  }
  if (policy === 'noeviction') return
  const message =
    `redis ${where}: maxmemory-policy is ${policy}, so that it may throw jobs away; ` +
    'set it to noeviction, or use a Redis of its own'
  throw new HypershardError('invalid_config', message, { details: { policy } })
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${ms} ms`)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

function withoutPassword(url: string): string {
  const parsed = new URL(url)
  return `${parsed.hostname}:${parsed.port || '6379'}`
}
