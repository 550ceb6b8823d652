import { setTimeout as wait } from 'node:timers/promises'
import {
  type Clock,
  clientOptionsBehind,
  HypershardError,
  type Logger,
  OutageLog,
  type RunningService,
  systemClock,
} from '@hypershard/common'
import { type ObjectStore, openObjectStore } from '@hypershard/storage'
import { openBullQueue } from './adapters/bull-queue.ts'
import { connectEncoder } from './adapters/grpc-encoder.ts'
import { MergeRoom } from './compact/merge-room.ts'
import type { IndexerConfig } from './config.ts'
import { JobFailureLog } from './job-failure-log.ts'
import type { EncoderPort } from './ports.ts'
import { FailedJobs } from './queue/failed-jobs.ts'
import type { Job } from './queue/job.ts'
import type { JobQueue } from './queue/job-queue.ts'
import { MemoryQueue } from './queue/memory-queue.ts'
import { StoreScanner } from './queue/scan-store.ts'
import { isNoFailure, type JobParts, runJob } from './run-job.ts'

/** How the indexer reaches other processes; tests put fakes here. */
export interface IndexerConnections {
  connectEncoder(address: string): EncoderPort
}

function overGrpc({ HYPERSHARD_INTERNAL_PROXY: proxy }: IndexerConfig): IndexerConnections {
  return { connectEncoder: address => connectEncoder(address, clientOptionsBehind(proxy)) }
}

/**
 * Starts an indexer: looks through the object store for work, all the time, and does it. Any number may run beside each
 * other. It serves nobody, so it has no address.
 * @throws HypershardError `storage_failed`, `unavailable` and `invalid_config` for a Redis that cannot be used
 */
export async function startIndexer(
  config: IndexerConfig,
  log: Logger,
  connections: IndexerConnections = overGrpc(config),
  clock: Clock = systemClock,
): Promise<RunningService> {
  const store = await openObjectStore(config.HYPERSHARD_STORE)
  const away = new OutageLog(`encoder service ${config.HYPERSHARD_ENCODER}`, log, clock)
  const encoder = noted(connections.connectEncoder(config.HYPERSHARD_ENCODER), away)
  const queue = await openQueue(config, log)
  const mergeRoom = new MergeRoom(store, clock)
  const parts: JobParts = { store, encoder, clock, log, mergeRoom, keepMs: config.HYPERSHARD_INDEXER_KEEP_MS }
  const failures = new FailedJobs(clock)
  const storeAway = new OutageLog('object store', log, clock)
  const failureLog = new JobFailureLog(log, storeAway)
  queue.process((job, signal) => attempt(job, parts, signal, { failures, failureLog }))
  const everyMs = config.HYPERSHARD_INDEXER_SCAN_MS
  const scan = scanForever({ store, away: storeAway, queue, failures, clock, log, everyMs })
  return {
    addresses: {},
    stop: async () => {
      await scan.stop()
      await queue.close()
      encoder.close()
    },
  }
}

function openQueue(config: IndexerConfig, log: Logger): Promise<JobQueue> | JobQueue {
  const { HYPERSHARD_INDEXER_CONCURRENCY: concurrency, HYPERSHARD_INDEXER_REDIS_URL: url } = config
  return url === undefined ? new MemoryQueue(concurrency) : openBullQueue({ url, concurrency, log })
}

interface Failures {
  readonly failures: FailedJobs
  readonly failureLog: JobFailureLog
}

async function attempt(
  job: Job,
  parts: JobParts,
  signal: AbortSignal,
  { failures, failureLog }: Failures,
): Promise<void> {
  try {
    await runJob(job, parts, signal)
    failures.forget(job)
    failureLog.succeeded(job)
  } catch (error) {
    if (isNoFailure(error, signal)) return failureLog.ended(job)
    failureLog.failed(job, error, failures.note(job))
  }
}

/** The encoder, with a line when it goes and one when it is back. */
function noted(encoder: EncoderPort, away: OutageLog): EncoderPort {
  return {
    encodeDocuments: (batch, deadline) => away.note(encoder.encodeDocuments(batch, deadline)),
    encodeQuery: (query, deadline) => away.note(encoder.encodeQuery(query, deadline)),
    close: () => encoder.close(),
  }
}

interface ScanParts {
  readonly store: ObjectStore
  readonly away: OutageLog
  readonly queue: JobQueue
  readonly failures: FailedJobs
  readonly clock: Clock
  readonly log: Logger
  readonly everyMs: number
}

function scanForever({ store, away, queue, failures, clock, log, everyMs }: ScanParts): { stop(): Promise<void> } {
  const scanner = new StoreScanner(store, clock, everyMs)
  const stopped = new AbortController()
  const scan = async () => {
    try {
      const jobs = await scanner.findWork(job => !failures.mustWait(job))
      away.works()
      await queue.add(jobs)
    } catch (error) {
      const code = error instanceof HypershardError ? error.code : undefined
      if (code === 'storage_failed') away.failed(error)
      // A queue that cannot be reached has said so.
      else if (code !== 'unavailable') log.error({ err: error }, 'looking for work failed')
    }
  }
  const forever = async () => {
    while (!stopped.signal.aborted) {
      await scan()
      // Rejects when told to stop, which the loop sees for itself.
      await wait(everyMs, undefined, { signal: stopped.signal }).catch(() => undefined)
    }
  }
  const running = forever()
  return {
    stop: () => {
      stopped.abort()
      return running
    },
  }
}
