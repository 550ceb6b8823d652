import { readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Config,
  type Logger,
  makeFolder,
  memoryLimitBytes,
  processorCount,
  quietMeter,
  type RunningService,
  requireInternalProtection,
  systemClock,
  type Telemetry,
} from '@hypershard/common'
import { openProcessCredentials, startGrpcServer } from '@hypershard/common/grpc'
import { announceMember, requireAdvertised } from '@hypershard/membership'
import { protoDirectory } from '@hypershard/proto'
import { DeviceLoss } from '@hypershard/qnet'
import { version } from '@hypershard/service/version'
import { measuredStore, openObjectStore, TextBatchCache, withFileErrors } from '@hypershard/storage'
import type { shardServerConfig } from './config.ts'
import { ScoringPool } from './cpu/scoring-pool.ts'
import { openBackend } from './device/open-device.ts'
import { drainServer } from './draining/drain-server.ts'
import { RowFilter } from './filtering/row-filter.ts'
import { type HoldingPlaces, scratchCopyPrefix } from './holding/read-segment.ts'
import { SegmentHolder } from './holding/segment-holder.ts'
import { SegmentLoader } from './holding/segment-loader.ts'
import type { HeadMessage, HeadThreadData, MadeQNet } from './qnets/head-thread.ts'
import { QueryCache } from './qnets/query-cache.ts'
import { readParts } from './read-parts.ts'
import { ListedSegments } from './reading/listed-segment.ts'
import { searchGate, sheetGate } from './search/search-gate.ts'
import { type SearchParts, searchShards } from './search/search-shards.ts'
import { ShardSearchMeter } from './search/shard-search-meter.ts'
import { WarmUp } from './search/warm-up.ts'
import { ServerState } from './server-state.ts'
import { ThreadCalls } from './threads/thread-calls.ts'
import { createShardService, shardServiceDefinition, shardServiceName } from './transport/shard-service.ts'
import { WordSearcher } from './words/word-searcher.ts'

export type ShardServerConfig = Config<typeof shardServerConfig>

/** The share of the memory there is that segments may take unless told otherwise. */
const memoryShare = 0.6

/** A copy of a file is opened within seconds of its last byte; one that is older is a killed server's. */
const scratchCopyMsMax = 3_600_000

/** How long searches under way may take to end when the server stops. */
const drainMs = 5_000

/**
 * Starts a shard server: a gRPC server, a thread that loads, one that filters, one that ranks by words once it holds some,
 * and those that score, on a device too.
 * @param onDeath a thread died and what it held is lost; ending the process lets the supervisor start it afresh. `atOnce`: a
 *   thread hangs, so that nothing may wait for it
 * @param open opens what scores; another in tests
 * @throws HypershardError `address_in_use`, `invalid_config`, `storage_failed`
 */
export async function startShardServer(
  config: ShardServerConfig,
  telemetry: Telemetry,
  onDeath: (error: Error, how?: { readonly atOnce: boolean }) => void,
  open = openBackend,
): Promise<RunningService> {
  const { log, meter, tracer } = telemetry
  requireAdvertised(config, config.HYPERSHARD_SHARD_LISTEN)
  requireInternalProtection('HYPERSHARD_SHARD_LISTEN', config, log)
  const credentials = await openProcessCredentials(config, log)
  const store = measuredStore(await openObjectStore(config.HYPERSHARD_STORE), meter)
  const scratch = config.HYPERSHARD_SHARD_SCRATCH ?? tmpdir()
  makeFolder(scratch, `HYPERSHARD_SHARD_SCRATCH ${scratch}`)
  await sweepScratch(scratch)
  const qnetsFolder = config.HYPERSHARD_SHARD_QNETS
  if (qnetsFolder !== undefined) makeFolder(qnetsFolder, `HYPERSHARD_SHARD_QNETS ${qnetsFolder}`)
  const threads = config.HYPERSHARD_SHARD_THREADS || processorCount()
  const loss = new DeviceLoss(log, error => onDeath(error, { atOnce: true }))
  const backend = await open(
    {
      device: config.HYPERSHARD_SHARD_DEVICE,
      precision: config.HYPERSHARD_SHARD_DEVICE_PRECISION,
      memoryBytesMax: config.HYPERSHARD_SHARD_DEVICE_MEMORY_BYTES,
      whenFull: config.HYPERSHARD_SHARD_DEVICE_FULL,
      deviceRowsMin: config.HYPERSHARD_SHARD_DEVICE_ROWS_MIN,
    },
    { pool: new ScoringPool({ threads, log, onDeath }), log, meter, onLost: error => loss.note(error) },
  )
  const { kernel, device } = backend
  log.info({ kernel, device, threads }, 'scoring backend started')
  const places: HoldingPlaces = {
    vectors: config.HYPERSHARD_SHARD_VECTORS,
    scratch,
  }
  const loader = new SegmentLoader({ storeRoot: config.HYPERSHARD_STORE, places }, log, onDeath)
  const memoryBytesMax = config.HYPERSHARD_SHARD_MEMORY_BYTES || Math.floor(memoryLimitBytes() * memoryShare)
  const filter = new RowFilter({ log, meter, onDeath })
  const words = new WordSearcher({ log, meter, onDeath })
  const heads = new ThreadCalls<HeadMessage, MadeQNet>({
    name: 'head',
    file: new URL('./qnets/head-thread.ts', import.meta.url),
    log,
    onDeath,
    workerData: {
      models: config.HYPERSHARD_SHARD_MODELS,
      storeRoot: config.HYPERSHARD_STORE,
      threads,
      exchange: qnetsFolder === undefined ? undefined : { folder: qnetsFolder, version },
    } satisfies HeadThreadData,
  })
  const searches = searchGate(config.HYPERSHARD_SHARD_SEARCHES_MAX)
  const queries = new QueryCache(heads, { meter, log, isBusy: () => searches.inFlight > 1 })
  const warmHead = (modelDigest: string) => heads.post({ warm: modelDigest })
  const texts = new TextBatchCache(config.HYPERSHARD_SHARD_TEXTS_BYTES)
  const holder = new SegmentHolder({
    store,
    loader,
    backend,
    filter,
    words,
    vectors: places.vectors,
    memoryBytesMax,
    texts,
    log,
    meter,
  })
  const state = new ServerState({ zone: config.HYPERSHARD_SHARD_ZONE, memoryBytesMax, backend, holder })
  const sheets = sheetGate(config.HYPERSHARD_SHARD_SEARCHES_MAX)
  const searchMeter = new ShardSearchMeter(meter)
  readParts(meter, { queries, filter, texts, searches, state, kernel, threads })
  const closeThreads = () =>
    Promise.all([backend.close(), loader.close(), filter.close(), words.close(), heads.close()])
  const warmUp = warmUpOf({ holder, backend, filter, words }, heads, log)
  const listed = new ListedSegments({ store, filter })
  const parts = { store, holder, backend, filter, words, queries, searches, sheets, warmHead, warmUp, listed }
  try {
    const server = await startGrpcServer({
      address: config.HYPERSHARD_SHARD_LISTEN,
      credentials: credentials.server,
      services: [
        {
          definition: shardServiceDefinition,
          implementation: createShardService({ ...parts, state, door: { log, tracer }, meter: searchMeter }),
        },
      ],
      protoFiles: ['hypershard/v1/shard.proto'],
      protoDirectory,
      drainMs,
    })
    state.serve()
    const describe = () => ({
      ...state.describe({ coordinator: '', needed: false, toldDraining: '' }),
      modelDigests: [],
    })
    const announcer = announceMember(config, { kind: 'shard-server', listening: server.address, describe }, log)
    // A probe of readiness asks for the service. One of life asks for the whole server, as coordinators of the version before
    // do, who would not search it any more at all.
    state.onDraining = () => {
      server.setServing(state.serving, shardServiceName)
      void announcer.changed()
    }
    loss.onLost = error => {
      state.fail(error)
      server.setServing(false)
    }
    return {
      addresses: { grpc: server.address },
      requireReady: async () => state.requireReady(),
      stop: async ({ drain } = { drain: false }) => {
        if (drain && config.HYPERSHARD_SHARD_DRAIN_MS > 0) {
          const end = await drainServer(state, config.HYPERSHARD_SHARD_DRAIN_MS, systemClock)
          log.info({ end, ...state.coordinators() }, 'drained')
        }
        await announcer.stop()
        server.setServing(false)
        await server.stop()
        credentials.close()
        await holder.close()
        await closeThreads()
      },
    }
  } catch (error) {
    await closeThreads()
    throw error
  }
}

/** Its searches have a cache, a gate and a meter of their own: they take no user's place, and nobody counts them. */
function warmUpOf(
  searched: Pick<SearchParts, 'holder' | 'backend' | 'filter' | 'words'>,
  heads: ConstructorParameters<typeof QueryCache>[0],
  log: Logger,
): WarmUp {
  const meter = new ShardSearchMeter(quietMeter)
  const queries = new QueryCache(heads)
  const searches = searchGate(1)
  const sheets = sheetGate(1)
  return new WarmUp(
    (request, context) => searchShards({ ...searched, queries, searches, sheets, meter }, request, context),
    log,
  )
}

/** Removes copies of files that a killed server left. */
async function sweepScratch(scratch: string): Promise<void> {
  await withFileErrors(`looking through ${scratch}`, async () => {
    for (const name of await readdir(scratch)) {
      if (!name.startsWith(scratchCopyPrefix)) continue
      const path = join(scratch, name)
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }))
      if (Date.now() - mtimeMs > scratchCopyMsMax) await rm(path, { force: true })
    }
  })
}
