import { flushCompileCache } from 'node:module'
import {
  type Config,
  type ConfigShape,
  createLogger,
  HypershardError,
  type Logger,
  lowOpenFilesLimit,
  messageOf,
  openFilesMax,
  quietMeter,
  quietTracer,
  type ReadyMessage,
  type RunningService,
  readConfig,
  type StopOptions,
  type serviceConfig,
  servicePrefixes,
  type Telemetry,
} from '@hypershard/common'
import { protocolVersion } from '@hypershard/proto/versions'
import type { OpenTracer } from './adapters/open-telemetry-tracer.ts'
import { PrometheusMeter } from './adapters/prometheus-meter.ts'
import { type AdminServer, startAdminServer } from './admin-server.ts'
import { version } from './build-version.ts'
import { LiveTelemetry } from './live-telemetry.ts'
import { buildMetrics } from './metrics.ts'
import { readState } from './read-state.ts'

/** The settings that every process has, among its own. */
type ServiceShape = ConfigShape & typeof serviceConfig

/** What a `main.ts` says of its process. */
export interface ServiceMain<Shape extends ServiceShape> {
  readonly service: string
  readonly config: Shape
  /** See `readConfig`. */
  readonly ownPrefixes: readonly string[]
  /** @param die ends the process after a failure that it cannot serve on with */
  readonly start: (config: Config<Shape>, telemetry: Telemetry, die: Die) => Promise<RunningService>
}

/** @param how `atOnce` for a thread that hangs: exiting would wait for it */
type Die = (error: Error, how?: { readonly atOnce: boolean }) => void

/** How long a process may take to stop once its supervisor is gone: as long as that would have waited for it. */
const orphanMsMax = 10_000

/** Reads the settings and runs the service: all that a `main.ts` does. */
export async function runMain<Shape extends ServiceShape>(
  environment: Readonly<Record<string, string | undefined>>,
  main: ServiceMain<Shape>,
): Promise<void> {
  keepToOurselves()
  let log = createLogger({ service: main.service, level: 'info' })
  const die: Die = (error, { atOnce } = { atOnce: false }) => {
    log.fatal({ err: error }, 'ending, so that the supervisor can start afresh')
    if (atOnce) process.kill(process.pid, 'SIGKILL')
    else process.exit(1)
  }
  await runService(
    () => log,
    async () => {
      const config = readConfig(main.config, environment, [...main.ownPrefixes, ...servicePrefixes])
      const common = config as unknown as Config<typeof serviceConfig>
      log = createLogger({ service: main.service, level: common.HYPERSHARD_LOG_LEVEL })
      const low = lowOpenFilesLimit()
      if (low !== undefined) log.warn({ openFilesMax: openFilesMax(), advice: low }, 'the limit of open files is low')
      return startSeen(main.service, common, log, telemetry => main.start(config, telemetry, die))
    },
  )
}

/**
 * onnxruntime, from 1.29 on, tells its maker which models run how and keeps an identifier in the home folder. It reads
 * this once, when its first session is made, from the process's own environment: what a worker thread sets it never sees.
 */
function keepToOurselves(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= '1'
}

/** Starts the service under its admin listener, which answers from before the start until after the stop. */
async function startSeen(
  service: string,
  config: Config<typeof serviceConfig>,
  log: Logger,
  start: (telemetry: Telemetry) => Promise<RunningService>,
): Promise<RunningService> {
  const live = await LiveTelemetry.open({
    file: config.HYPERSHARD_TELEMETRY_FILE,
    settings: {
      metrics: config.HYPERSHARD_METRICS,
      trace_sample_percent: config.HYPERSHARD_TRACE_SAMPLE_PERCENT,
    },
    log,
  })
  const meter = live.counting || live.changes ? openMeter(service, live, log) : undefined
  let running: RunningService | undefined
  const requireReady = async () => {
    if (running === undefined) throw new HypershardError('unavailable', 'the process is starting or stopping')
    await running.requireReady?.()
  }
  if (meter !== undefined) readState(meter, { config, requireReady })
  const admin = await openAdmin(config.HYPERSHARD_ADMIN_LISTEN, {
    get metrics() {
      return live.counting ? meter : undefined
    },
    requireReady,
    readTelemetry: () => live.reread(),
  })
  const tracer = await openTracer(service, { url: config.HYPERSHARD_TRACE_OTLP_URL, live, log })
  const started = await start({ log, meter: meter ?? quietMeter, tracer: tracer ?? quietTracer })
  running = started
  return {
    addresses: { ...started.addresses, ...(admin === undefined ? {} : { admin: admin.address }) },
    stop: async options => {
      running = undefined
      await started.stop(options)
      await tracer?.close()
      await admin?.stop()
      live.close()
    },
  }
}

function openMeter(service: string, live: LiveTelemetry, log: Logger): PrometheusMeter {
  const meter = new PrometheusMeter({
    onUnread: (metric, error) => log.debug({ err: error, metric }, 'metric not read'),
    isCounting: () => live.counting,
  })
  const labels = { process: service, version, protocol: String(protocolVersion) }
  meter.read(buildMetrics.buildInfo, () => [{ labels, value: 1 }])
  return meter
}

/** What it takes to trace is loaded where it is asked for: a process that does not trace is as if there were none. */
async function openTracer(
  service: string,
  { url, live, log }: { url: string | undefined; live: LiveTelemetry; log: Logger },
): Promise<OpenTracer | undefined> {
  if (url === undefined) return undefined
  const adapter = await import('./adapters/open-telemetry-tracer.ts')
  return adapter.openTracer({ service, url, samplePercent: () => live.samplePercent, log })
}

function openAdmin(address: string | undefined, answers: Parameters<typeof startAdminServer>[1]) {
  return address === undefined
    ? Promise.resolve<AdminServer | undefined>(undefined)
    : startAdminServer(address, answers)
}

/**
 * The life of a service process: start, tell the parent, serve until SIGINT, SIGTERM or the
 * parent's end (a supervisor that is killed leaves no orphan), stop cleanly, exit. SIGTERM alone leaves time to drain; a second
 * signal ends the process at once. A start that fails is logged once and exits with 78 for settings and models that need
 * mending, 1 for anything else.
 */
async function runService(logOf: () => Logger, start: () => Promise<RunningService>): Promise<void> {
  let running: RunningService
  // A start may take minutes, as when it waits for the object store: it ends with whoever wanted it.
  const abandon = () => process.exit(1)
  process.on('disconnect', abandon)
  if (process.send !== undefined && !process.connected) abandon()
  try {
    running = await start()
  } catch (error) {
    logOf().fatal({ err: error }, `cannot start: ${messageOf(error)}`)
    process.exit(isOperatorsMistake(error) ? 78 : 1)
  }
  stopWhenTold(running, logOf())
  // Where Node keeps compiled code (NODE_COMPILE_CACHE), it would otherwise be written by a process that ends in peace alone.
  flushCompileCache()
  process.off('disconnect', abandon)
  logOf().info({ addresses: running.addresses }, 'serving')
  process.send?.({ type: 'ready', addresses: running.addresses } satisfies ReadyMessage)
}

/** Registered before anyone is told that the service is ready: the answer to that may be a signal. */
function stopWhenTold(running: RunningService, log: Logger): void {
  let stopping = false
  const stop = (reason: string, options: StopOptions = { drain: false }) => {
    if (stopping) return
    stopping = true
    log.info({ reason }, 'stopping')
    running.stop(options).then(
      () => process.exit(0),
      error => {
        log.error({ err: error }, 'stopping failed')
        process.exit(1)
      },
    )
  }
  const stopBySignal = (signal: NodeJS.Signals, options: StopOptions) => {
    if (!stopping) return stop(signal, options)
    log.warn({ reason: signal }, 'ending at once, told so while stopping')
    // Exiting would wait for threads, and abort where onnxruntime is in the middle of a run.
    process.kill(process.pid, 'SIGKILL')
  }
  process.on('SIGINT', () => stopBySignal('SIGINT', { drain: false }))
  process.on('SIGTERM', () => stopBySignal('SIGTERM', { drain: true }))
  if (process.send === undefined) return
  process.on('disconnect', () => {
    stop('the parent process ended')
    // There is no supervisor any more to kill a process that takes too long.
    setTimeout(() => process.exit(1), orphanMsMax).unref()
  })
}

function isOperatorsMistake(error: unknown): boolean {
  const codes = ['invalid_config', 'invalid_model', 'address_in_use']
  return error instanceof HypershardError && codes.includes(error.code)
}
