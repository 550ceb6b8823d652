import assert from 'node:assert/strict'
import net, { type AddressInfo, type Socket } from 'node:net'
import { silentLogger } from '@hypershard/common'
import { captureLog } from '@hypershard/harness'
import { type RedisServer, startRedisServer } from '@hypershard/harness/servers'
import { type Job, jobKey } from '../queue/job.ts'
import type { JobHandler, JobQueue } from '../queue/job-queue.ts'
import { openBullQueue } from './bull-queue.ts'

const log = silentLogger()
const advance = (index: string): Job => ({ kind: 'advance', index, indexUid: `uid-${index}`, generation: 1 })
const slice = (number: number): Job => ({
  kind: 'backfill',
  index: 'a',
  indexUid: 'uid-a',
  generation: 2,
  slice: number,
})

describe('the queue in Redis', () => {
  let redis: RedisServer
  const queues: JobQueue[] = []

  before(async function () {
    const started = await startRedisServer()
    if (started === undefined) this.skip()
    else redis = started
  })

  after(() => redis?.stop())

  afterEach(async () => {
    await Promise.all(queues.splice(0).map(queue => queue.close()))
    await redis.flush()
  })

  async function open(concurrency = 2): Promise<JobQueue> {
    const queue = await openBullQueue({ url: redis.url, concurrency, log, name: 'jobs' })
    queues.push(queue)
    return queue
  }

  /** Notes which jobs were done, in order; each takes a moment. */
  function worker(done: string[], ms = 20): JobHandler {
    return async job => {
      await new Promise(resolve => setTimeout(resolve, ms))
      done.push(jobKey(job))
    }
  }

  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise(resolve => setTimeout(resolve, 10))
  }

  it('gives each job to one of several indexers, once however often it is added meanwhile', async () => {
    const done: string[] = []
    const [one, two] = [await open(1), await open(1)]
    for (let time = 0; time < 3; time++) await one.add([...'abcd'].map(advance))
    for (const queue of [one, two]) queue.process(worker(done))
    await until(() => done.length >= 4)
    await new Promise(resolve => setTimeout(resolve, 200))
    assert.deepEqual(
      done.toSorted(),
      [...'abcd'].map(name => jobKey(advance(name))),
    )
    await one.add([advance('a')])
    await until(() => done.length === 5)
  })

  it('takes jobs in their order, those of one call and those of the next', async () => {
    const done: string[] = []
    const queue = await open(1)
    await queue.add([slice(2), slice(0), advance('b')])
    await queue.add([slice(0), slice(1), slice(2)])
    await queue.add([])
    queue.process(worker(done, 0))
    await until(() => done.length >= 4)
    assert.deepEqual(done, [slice(2), slice(0), advance('b'), slice(1)].map(jobKey))
  })

  it('takes a job again once it failed, and one beside it that is done', async () => {
    const tried: string[] = []
    let fails = true
    const queue = await open(1)
    queue.process(async job => {
      tried.push(jobKey(job))
      if (fails && job.kind === 'backfill') throw new Error('told to fail')
    })
    const both = [slice(0), advance('a')]
    await queue.add(both)
    await until(() => tried.length === 2)
    fails = false
    // The last one may still be running when it was noted.
    for (; tried.length < 4; await new Promise(resolve => setTimeout(resolve, 10))) await queue.add(both)
    assert.deepEqual(new Set(tried.slice(2)), new Set(both.map(jobKey)))
  })

  it('goes on after Redis has lost everything, once the jobs are added again', async () => {
    const done: string[] = []
    const queue = await open(1)
    queue.process(worker(done, 100))
    for (const name of 'abc') await queue.add([advance(name)])
    await until(() => done.length === 1)
    await redis.flush()
    // As the scans of the store do, again and again.
    const scan = setInterval(() => {
      for (const name of 'abc') void queue.add([advance(name)]).catch(() => undefined)
    }, 50)
    try {
      await until(() => done.includes(jobKey(advance('c'))))
    } finally {
      clearInterval(scan)
    }
  })

  it('tells a job that runs to stop when it is closed', async () => {
    let stopped = false
    const queue = await openBullQueue({ url: redis.url, concurrency: 1, log, name: 'jobs' })
    const running = Promise.withResolvers<void>()
    queue.process(async (_, { signal }) => {
      running.resolve()
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
      stopped = true
    })
    await queue.add([advance('a')])
    await running.promise
    await queue.close()
    assert.equal(stopped, true)
  })

  it('tells in one line that Redis went and in one that it is back', async () => {
    const way = await openWay(new URL(redis.url))
    const { log: captured, lines } = captureLog()
    const queue = await openBullQueue({ url: way.url, concurrency: 1, log: captured, name: 'jobs' })
    queues.push(queue)
    const done: string[] = []
    queue.process(worker(done, 0))
    await queue.add([advance('a')])
    await until(() => done.length === 1)
    way.close()
    await until(() => lines.length > 0)
    // As the scans do meanwhile: each fails, or waits for the connection.
    for (let time = 0; time < 30; time++) {
      void queue.add([advance('b')]).catch(() => undefined)
      await new Promise(resolve => setTimeout(resolve, 10))
    }
    await way.open()
    await until(() => lines.some(({ msg }) => msg === 'back'))
    assert.deepEqual(
      lines.map(({ msg }) => msg),
      ['away; the next line comes when it is back', 'back'],
    )
    assert.equal(lines[0]!.what, `redis ${new URL(way.url).host}`)
    await queues.pop()!.close()
    way.close()
  })

  /** A way to Redis that can be cut and mended. */
  async function openWay(redisUrl: URL) {
    const sockets = new Set<Socket>()
    const server = net.createServer(socket => {
      const upstream = net.connect(Number(redisUrl.port), redisUrl.hostname)
      for (const end of [socket, upstream]) {
        sockets.add(end)
        end.on('error', () => undefined)
      }
      socket.pipe(upstream).pipe(socket)
    })
    const listen = (port: number) => new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
    await listen(0)
    const { port } = server.address() as AddressInfo
    return {
      url: `redis://127.0.0.1:${port}`,
      open: () => listen(port),
      close: () => {
        server.close()
        for (const socket of sockets) socket.destroy()
        sockets.clear()
      },
    }
  }

  it('refuses a Redis that may throw jobs away, and one that is not there', async () => {
    const evicting = (await startRedisServer('--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'))!
    try {
      await assert.rejects(openBullQueue({ url: evicting.url, concurrency: 1, log, name: 'jobs' }), {
        code: 'invalid_config',
        message: /maxmemory-policy is allkeys-lru.*noeviction/,
      })
    } finally {
      await evicting.stop()
    }
    await assert.rejects(openBullQueue({ url: evicting.url, concurrency: 1, log, name: 'jobs' }), {
      code: 'unavailable',
    })
  })
})
