import { type Announcements, lookEveryMs, openAnnouncements } from '@hypershard/announcements'
import {
  byLabel,
  type Clock,
  Deadline,
  HypershardError,
  type Logger,
  type Meter,
  OutageLog,
  only,
  pauseBy,
  probeMsMax,
  type RunningService,
  systemClock,
  type Telemetry,
  toHypershardError,
  waitWithin,
} from '@hypershard/common'
import { type ChannelSettings, clientOptionsBehind, openProcessCredentials } from '@hypershard/common/grpc'
import { openMembership } from '@hypershard/membership'
import { announcingStore, measuredStore, openObjectStore, requireReadable } from '@hypershard/storage'
import { EncoderSet } from './adapters/encoder-set.ts'
import { connectEncoder } from './adapters/grpc-encoder.ts'
import { MergeRoom } from './compact/merge-room.ts'
import type { IndexerConfig } from './config.ts'
import { EncodePaces } from './encoding/encode-pace.ts'
import { RecentTexts } from './encoding/recent-texts.ts'
import { IndexerMeter } from './indexer-meter.ts'
import { LogLag } from './ingest/log-lag.ts'
import { lagMetrics } from './ingest/metrics.ts'
import { partReader } from './ingest/part-reader.ts'
import { JobFailureLog } from './job-failure-log.ts'
import type { EncoderServicePort } from './ports.ts'
import { OngoingWorks } from './progress/ongoing-work.ts'
import { FailedJobs } from './queue/failed-jobs.ts'
import type { Job } from './queue/job.ts'
import type { JobQueue, Turn } from './queue/job-queue.ts'
import { LaneQueue } from './queue/lane-queue.ts'
import { MemoryQueue } from './queue/memory-queue.ts'
import { jobMetrics } from './queue/metrics.ts'
import { StoreScanner } from './queue/scan-store.ts'
import { isNoFailure, type JobParts, runJob } from './run-job.ts'

/** How the indexer reaches other processes; tests put fakes here. */
export interface IndexerConnections {
  connectEncoder(address: string): EncoderServicePort
}

function overGrpc(channel: ChannelSettings): IndexerConnections {
  return { connectEncoder: address => connectEncoder(address, channel) }
}

/**
 * Starts an indexer: looks through the object store for work, all the time, and does it. Any number may run beside each
 * other. It serves nobody, so it has no address.
 * @throws HypershardError `storage_failed`, `unavailable` and `invalid_config` for a Redis that cannot be used
 */
export async function startIndexer(
  config: IndexerConfig,
  telemetry: Telemetry,
  connections?: IndexerConnections,
  clock: Clock = systemClock,
): Promise<RunningService> {
  const { log, meter, tracer } = telemetry
  const credentials = await openProcessCredentials(config, log)
  const channel = { credentials, options: clientOptionsBehind(config.HYPERSHARD_INTERNAL_PROXY) }
  const plainStore = measuredStore(await openObjectStore(config.HYPERSHARD_STORE), meter)
  const queue = await openQueue(config, log)
  const announcements = openAnnouncements(
    {
      coordinators: config.HYPERSHARD_COORDINATORS,
      redisUrl: config.HYPERSHARD_ANNOUNCE_REDIS_URL,
      channel,
    },
    log,
  )
  const store = announcingStore(plainStore, key => announcements.tell(key))
  const named = { kind: 'encoder', refreshMs: config.HYPERSHARD_MEMBERSHIP_REFRESH_MS } as const
  const encoder = new EncoderSet({
    membership: openMembership(config.HYPERSHARD_ENCODER, named, log),
    connect: (connections ?? overGrpc(channel)).connectEncoder,
    log,
  })
  const { HYPERSHARD_INDEXER_KEEP_MS: keepMs, HYPERSHARD_INDEXER_SCAN_MS: everyMs } = config
  const shared = {
    mergeRoom: new MergeRoom(store, clock),
    paces: new EncodePaces(),
    ongoing: new OngoingWorks(store, clock),
    recent: new RecentTexts(),
    readPart: partReader(),
  }
  const counts = new IndexerMeter(meter)
  const parts: JobParts = { store, encoder, clock, log, tracer, keepMs, meter: counts, ...shared }
  const failures = new FailedJobs(clock)
  const storeAway = new OutageLog('object store', log, clock)
  const failureLog = new JobFailureLog(log, storeAway)
  const scanner = new StoreScanner(store, systemClock, {
    keepMs,
    everyMs: () => lookEveryMs(announcements, everyMs),
  })
  readParts(meter, { queue, failures, lag: new LogLag(store, clock, () => scanner.followed()) })
  const scan = scanForever({ scanner, announcements, away: storeAway, queue, failures, log, everyMs })
  queue.process(
    (job, turn) => attempt(job, parts, turn, { failures, failureLog }),
    job => scan.hearEnd(job),
  )
  return {
    addresses: {},
    requireReady: async () => {
      const deadline = Deadline.after(probeMsMax)
      await requireReadable(store, deadline)
      await waitWithin(queue.requireReachable(), deadline, 'asking the job queue')
    },
    stop: async () => {
      await scan.stop()
      await queue.close()
      announcements.close()
      encoder.close()
      credentials.close()
    },
  }
}

/** Indexes that are followed beside the others at a time, when they had no turn lately: each takes little memory. */
const newcomersMax = 8

async function openQueue(config: IndexerConfig, log: Logger): Promise<LaneQueue> {
  const { HYPERSHARD_INDEXER_CONCURRENCY: concurrency, HYPERSHARD_INDEXER_REDIS_URL: url } = config
  if (url !== undefined) {
    // A sixth of what it takes to load an indexer: only who shares a queue waits for it.
    const { openBullQueue } = await import('./adapters/bull-queue.ts')
    const open = (name: string) => openBullQueue({ url, concurrency, log, name })
    return new LaneQueue({ writes: await open('jobs'), background: await open('background') })
  }
  const writes = new MemoryQueue({ concurrency, extraPlaces: newcomersMax })
  return new LaneQueue({ writes, background: new MemoryQueue({ concurrency }) })
}

interface Failures {
  readonly failures: FailedJobs
  readonly failureLog: JobFailureLog
}

async function attempt(job: Job, parts: JobParts, turn: Turn, { failures, failureLog }: Failures): Promise<void> {
  await parts.meter.measure(job.kind, async () => {
    try {
      await runJob(job, parts, turn)
      failures.forget(job)
      failureLog.succeeded(job)
      return 'done'
    } catch (error) {
      if (!isNoFailure(error, turn.signal)) {
        failureLog.failed(job, error, failures.note(job))
        return toHypershardError(error).code
      }
      failureLog.ended(job)
      return 'ended'
    }
  })
}

/** Has read what the parts of an indexer know of themselves. */
function readParts(meter: Meter, parts: { queue: LaneQueue; failures: FailedJobs; lag: LogLag }): void {
  const { queue, failures, lag } = parts
  meter.read(jobMetrics.waiting, async () => byLabel('lane', await queue.countByLane()))
  meter.read(jobMetrics.failing, () => only(failures.count))
  meter.read(lagMetrics.waiting, async () => only((await lag.look())?.documents))
  meter.read(lagMetrics.waitingMost, async () => only((await lag.look())?.worst))
  meter.read(lagMetrics.age, async () => {
    const waiting = await lag.look()
    return only(waiting && waiting.oldestMs / 1_000)
  })
}

interface ScanParts {
  readonly scanner: StoreScanner
  readonly announcements: Announcements
  readonly away: OutageLog
  readonly queue: JobQueue
  readonly failures: FailedJobs
  readonly log: Logger
  readonly everyMs: number
}

/** How often the scanner sees what is due by time alone; and how soon it looks again while much is told. */
const lookMsMax = 1_000
const lookMsMin = 5

function scanForever(parts: ScanParts): { hearEnd(job: Job): void; stop(): Promise<void> } {
  const { scanner, announcements, queue, failures } = parts
  const stopped = new AbortController()
  let wake = new AbortController()
  announcements.listen({
    onHint: key => {
      if (scanner.hear(key)) wake.abort()
    },
    onGap: () => {
      scanner.lookAtAll()
      wake.abort()
    },
  })
  const pause = (ms: number, signals: AbortSignal[]) =>
    // Rejects when told to stop or to look, which the loop sees for itself.
    pauseBy(systemClock, ms, AbortSignal.any(signals)).catch(() => undefined)
  const forever = async () => {
    while (!stopped.signal.aborted) {
      wake = new AbortController()
      await noting(parts, async () => queue.add(await scanner.findWork(job => !failures.mustWait(job))))
      await pause(lookMsMin, [stopped.signal])
      await pause(Math.min(parts.everyMs, lookMsMax), [stopped.signal, wake.signal])
    }
  }
  const running = forever()
  return {
    hearEnd: job => {
      scanner.hearEnd(job)
      wake.abort()
    },
    stop: () => {
      stopped.abort()
      return running
    },
  }
}

async function noting({ away, log }: ScanParts, scan: () => Promise<void>): Promise<void> {
  try {
    await scan()
    away.works()
  } catch (error) {
    const code = error instanceof HypershardError ? error.code : undefined
    if (code === 'storage_failed') away.failed(error)
    // A queue that cannot be reached has said so.
    else if (code !== 'unavailable') log.error({ err: error }, 'looking for work failed')
  }
}
