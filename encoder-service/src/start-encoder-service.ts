import {
  HypershardError,
  processorCount,
  type RunningService,
  requireInternalProtection,
  systemClock,
  type Telemetry,
} from '@hypershard/common'
import { type GrpcServer, openProcessCredentials, startGrpcServer } from '@hypershard/common/grpc'
import { announceMember, requireAdvertised } from '@hypershard/membership'
import { protoDirectory } from '@hypershard/proto'
import { EncoderServiceService } from '@hypershard/proto/encoder'
import { DeviceLoss, readModelKind } from '@hypershard/qnet'
import type { BatcherStatistics } from './batching/dynamic-batcher.ts'
import type { EncoderServiceConfig } from './config.ts'
import { DeviceWorkers } from './device/device-workers.ts'
import { readDevice } from './device/read-device.ts'
import { type StartedWorkers, startWorkers } from './device/start-workers.ts'
import { Encoder, type EncoderLimits } from './encoder.ts'
import { EncodingWorkers } from './encoding/encoding-workers.ts'
import type { Lane, LoadedModel } from './encoding/worker-protocol.ts'
import type { EncodingPort } from './ports.ts'
import { ServiceState } from './service-state.ts'
import { encoderHandlers } from './transport/encoder-handlers.ts'
import type { ServedModels } from './transport/served-models.ts'

/** Time for calls under way when the service stops. */
const drainMs = 5_000

export interface RunningEncoderService extends RunningService {
  readonly models: readonly LoadedModel[]
  /** What the batchers did since the start. */
  statistics(): Readonly<Record<Lane, BatcherStatistics>>
}

/**
 * Loads the models and serves `hypershard.v1.EncoderService`, with health and reflection, at the address `grpc`.
 * @param die called when an encoding worker keeps dying, or the device is lost (`atOnce`: a thread may hang, so that nothing may
 *   wait for it): a service that cannot encode is none. It ends the process, and whoever supervises that starts a fresh one
 * @param workerFile the code of the encoding workers; another in tests
 * @throws HypershardError `invalid_model`, `invalid_config`, `address_in_use`
 */
export async function startEncoderService(
  config: EncoderServiceConfig,
  telemetry: Telemetry,
  die: (error: Error, how?: { readonly atOnce: boolean }) => void = throwUncaught,
  workerFile = new URL('./encoding/encoding-worker.ts', import.meta.url),
): Promise<RunningEncoderService> {
  const { log } = telemetry
  requireAdvertised(config, config.HYPERSHARD_ENCODER_LISTEN)
  requireInternalProtection('HYPERSHARD_ENCODER_LISTEN', config, log)
  const settings = {
    ...(await directoriesByKind(config.HYPERSHARD_MODELS)),
    threads: config.HYPERSHARD_ENCODER_THREADS || processorCount(),
    kernel: config.HYPERSHARD_ENCODER_KERNEL,
  }
  const started = await startWorkers({
    device: config.HYPERSHARD_ENCODER_DEVICE,
    tokenBudget: config.HYPERSHARD_ENCODER_TOKEN_BUDGET,
    log,
    start: where =>
      EncodingWorkers.start({
        settings: { ...settings, ...where },
        file: workerFile,
        clock: systemClock,
        log,
        onFatal: die,
      }),
  })
  const { workers } = started
  try {
    const loss = new DeviceLoss(log, error => die(error, { atOnce: true }))
    const port = started.device === 'cpu' ? workers : new DeviceWorkers(workers, error => loss.note(error))
    return await serve({ ...started, port, loss }, config, telemetry)
  } catch (error) {
    await workers.stop()
    throw error
  }
}

/** In the order of the settings. */
async function directoriesByKind(paths: readonly string[]) {
  const kinds = await Promise.all(paths.map(path => readModelKind(path)))
  const modelDirectories = paths.filter((_, at) => kinds[at] === 'retriever')
  const crossEncoderDirectories = paths.filter((_, at) => kinds[at] === 'crossEncoder')
  return { modelDirectories, crossEncoderDirectories }
}

interface ServiceParts extends StartedWorkers {
  /** The workers, or what watches over their device. */
  readonly port: EncodingPort
  readonly loss: DeviceLoss
}

async function serve(
  { workers, device, batchTokens, port, loss }: ServiceParts,
  config: EncoderServiceConfig,
  { log, meter, tracer }: Telemetry,
): Promise<RunningEncoderService> {
  const limits = { tokenBudgetMax: batchTokens, queueTokensMax: config.HYPERSHARD_ENCODER_QUEUE_TOKENS }
  checkModels(workers, limits)
  const encoder = new Encoder(port, limits, systemClock, meter)
  const state = new ServiceState(systemClock, device)
  readDevice(meter, state)
  const handlers = encoderHandlers(encoder, state, { log, tracer })
  const credentials = await openProcessCredentials(config, log)
  const server = await startGrpcServer({
    address: config.HYPERSHARD_ENCODER_LISTEN,
    credentials: credentials.server,
    services: [{ definition: EncoderServiceService, implementation: { ...handlers } }],
    protoFiles: ['hypershard/v1/encoder.proto'],
    protoDirectory,
    drainMs,
  })
  loss.onLost = error => serveNoMore(state, server, error)
  log.info({ device, batchTokens }, 'encoding')
  for (const { digest, settings, kernel, choice } of workers.models) {
    log.info({ model: settings.name, digest, documentKernel: kernel, choice }, 'model loaded')
  }
  for (const { digest, settings } of workers.crossEncoders) {
    log.info({ model: settings.name, digest }, 'cross-encoder loaded')
  }
  const modelDigests = [...workers.models, ...workers.crossEncoders].map(({ digest }) => digest)
  const describe = () => ({ ...state.describe(), modelDigests })
  const announcer = announceMember(config, { kind: 'encoder', listening: server.address, describe }, log)
  return {
    addresses: { grpc: server.address },
    models: workers.models,
    statistics: () => encoder.statistics,
    requireReady: async () => state.requireReady(),
    stop: async ({ drain } = { drain: false }) => {
      server.setServing(false)
      await Promise.all([announcer.stop(), state.drain(drain ? config.HYPERSHARD_ENCODER_DRAIN_MS : 0)])
      await server.stop()
      credentials.close()
      await workers.stop()
    },
  }
}

/** Whoever asks, in whatever way, hears that it serves no more. */
function serveNoMore(state: ServiceState, grpc: Pick<GrpcServer, 'setServing'>, error: Error): void {
  state.fail(error)
  grpc.setServing(false)
}

/** Checks the models against each other and against the settings. */
function checkModels(
  { models, crossEncoders }: ServedModels,
  { tokenBudgetMax: budget, queueTokensMax: queue }: EncoderLimits,
): void {
  if (queue < budget) {
    const problem = `HYPERSHARD_ENCODER_QUEUE_TOKENS: ${queue} is less than one batch; set at least ${budget}`
    throw new HypershardError('invalid_config', problem)
  }
  const digests = new Set<string>()
  for (const { digest, settings } of [...models, ...crossEncoders]) {
    if (digests.has(digest)) {
      throw new HypershardError(
        'invalid_config',
        `HYPERSHARD_MODELS: model ${settings.name} stands twice; name it once`,
      )
    }
    digests.add(digest)
    const { tokenizer } = settings
    const longest =
      'maxTokens' in tokenizer ? tokenizer.maxTokens : Math.max(tokenizer.maxQueryTokens, tokenizer.maxDocumentTokens)
    if (longest <= budget) continue
    const text = `is less than one text of model ${settings.name}; set at least ${longest}`
    throw new HypershardError('invalid_config', `HYPERSHARD_ENCODER_TOKEN_BUDGET: ${budget} ${text}`)
  }
}

/** For whoever embeds the service without an end of its own. */
function throwUncaught(error: Error): void {
  setImmediate(() => {
    throw error
  })
}
