import { setTimeout as wait } from 'node:timers/promises'
import { Arrivals } from './arrivals.ts'
import { openEncoderTransport } from './encoder-transport.ts'
import { openHttpTransport } from './http-transport.ts'
import type { LoadJob, LoadResult, TimedRequest } from './load-job.ts'
import { Tally } from './tally.ts'
import type { Transport } from './transport.ts'

/** An open loop whose server has stalled holds no more connections than this. */
const openConnectionsMax = 256

/** The measured time, and who is told that it begins and is over. */
interface Surroundings {
  readonly onBegin: () => void
  readonly onEnd: () => void
  /** Ends the measured time early. */
  readonly stop: AbortSignal
}

/** Sends requests for the warm-up and the measured time, and waits for all answers. */
export async function runJob(job: LoadJob, surroundings: Surroundings): Promise<LoadResult> {
  const transport = openTransport(job)
  const feed = new Feed(job)
  const startMs = performance.now()
  const fromMs = startMs + job.warmUpSeconds * 1_000
  const requests: TimedRequest[] = []
  let over = false
  const send = async (intendedMs: number): Promise<void> => {
    const body = feed.next()
    if (body === undefined) return
    const error = await transport.send(body)
    requests.push({ intendedMs, doneMs: performance.now(), error })
  }
  try {
    const meters = watch(transport, { ...surroundings, fromMs, seconds: job.seconds })
    meters.ended.then(() => {
      over = true
    })
    const loop = job.loop
    await (loop.kind === 'closed'
      ? closedLoop(loop.clients, { send, isOver: () => over || feed.empty })
      : openLoop(new Arrivals(startMs, loop.perSecond), { send, isOver: () => over || feed.empty }))
    if (feed.empty) throw new Error(`${job.bodies.length} queries were too few; give a collection with more`)
    const { sentElsewhere, wrongAnswers } = transport
    return { ...resultOf(requests, await meters.ended, fromMs, feed.used), sentElsewhere, wrongAnswers }
  } finally {
    await transport.close()
  }
}

interface Looped {
  readonly send: (intendedMs: number) => Promise<void>
  readonly isOver: () => boolean
}

async function closedLoop(clients: number, { send, isOver }: Looped): Promise<void> {
  const client = async () => {
    while (!isOver()) await send(performance.now())
  }
  await Promise.all(Array.from({ length: clients }, client))
}

async function openLoop(arrivals: Arrivals, { send, isOver }: Looped): Promise<void> {
  const running = new Set<Promise<void>>()
  while (!isOver()) {
    for (const intendedMs of arrivals.takeDue(performance.now())) {
      const sent = send(intendedMs).then(() => void running.delete(sent))
      running.add(sent)
    }
    await wait(Math.max(0, arrivals.nextMs - performance.now()))
  }
  await Promise.all(running)
}

/** The bodies of a job, one after the other. */
class Feed {
  readonly #job: LoadJob
  used = 0
  empty = false

  constructor(job: LoadJob) {
    this.#job = job
  }

  /** Undefined once they have run out. */
  next(): string | undefined {
    const { bodies, repeat } = this.#job
    if (!repeat && this.used === bodies.length) this.empty = true
    return this.empty ? undefined : bodies[this.used++ % bodies.length]
  }
}

interface Reading {
  readonly atMs: number
  readonly bytes: ReturnType<Transport['bytes']>
  readonly cpu: NodeJS.CpuUsage
}

/** Reads the meters where the measured time begins and where it ends. */
function watch(
  transport: Transport,
  { fromMs, seconds, onBegin, onEnd, stop }: Surroundings & { readonly fromMs: number; readonly seconds: number },
): { readonly ended: Promise<{ readonly begin: Reading; readonly end: Reading }> } {
  const read = (): Reading => ({ atMs: performance.now(), bytes: transport.bytes(), cpu: process.cpuUsage() })
  const measure = async () => {
    await wait(Math.max(0, fromMs - performance.now()))
    onBegin()
    const begin = read()
    await wait(seconds * 1_000, undefined, { signal: stop }).catch(() => {})
    const end = read()
    onEnd()
    return { begin, end }
  }
  return { ended: measure() }
}

function resultOf(
  requests: readonly TimedRequest[],
  { begin, end }: { readonly begin: Reading; readonly end: Reading },
  fromMs: number,
  used: number,
): Omit<LoadResult, 'sentElsewhere' | 'wrongAnswers'> {
  const tally = new Tally({ fromMs, toMs: end.atMs })
  for (const request of requests) tally.add(request)
  const cpu = end.cpu.user + end.cpu.system - begin.cpu.user - begin.cpu.system
  const { timeOrigin } = performance
  return {
    requests: requests.map(({ intendedMs, doneMs, error }) => ({
      intendedMs: timeOrigin + intendedMs,
      doneMs: timeOrigin + doneMs,
      error,
    })),
    latenciesMs: tally.latenciesMs,
    errors: tally.errors,
    completed: tally.completed,
    seconds: (end.atMs - fromMs) / 1_000,
    used,
    bytesSent: begin.bytes && end.bytes && end.bytes.sent - begin.bytes.sent,
    bytesReceived: begin.bytes && end.bytes && end.bytes.received - begin.bytes.received,
    cpuSeconds: cpu / 1e6,
  }
}

function openTransport({ target, loop, timeoutMs }: LoadJob): Transport {
  if (target.kind === 'encoder') return openEncoderTransport(target, { timeoutMs })
  const connections = loop.kind === 'closed' ? loop.clients : openConnectionsMax
  return openHttpTransport(target, { connections, timeoutMs })
}
