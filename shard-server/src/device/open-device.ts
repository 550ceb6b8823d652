import type { Logger, Meter } from '@hypershard/common'
import { HypershardError } from '@hypershard/common'
import type { DeviceProvider } from '@hypershard/qnet'
import { deviceNameOf, deviceOf } from '@hypershard/qnet/device-name'
import type { ScoringPool } from '../cpu/scoring-pool.ts'
import type { ScoringBackend } from '../ports.ts'
import { ThreadCalls } from '../threads/thread-calls.ts'
import { DeviceBackend, type DeviceBackendOptions } from './device-backend.ts'
import type { DeviceThread } from './device-calls.ts'
import type { WhenFull } from './device-memory.ts'
import type { DeviceAnswer, DeviceThreadData, ToDeviceThread } from './messages.ts'
import { deviceMetrics } from './metrics.ts'
import { readDevice } from './read-device.ts'
import { roomForWeights } from './weights-room.ts'

/**
 * Vectors in one graph: below the 2 GB that an ONNX file may have, few enough that a deadline is looked at often, and so
 * many that a query's weights, which go in with each graph, are a small part of what is read.
 */
const chunkBytesMax = 256 * 1024 ** 2

export interface DeviceSettings {
  /** `HYPERSHARD_SHARD_DEVICE` */
  readonly device: string
  /** `HYPERSHARD_SHARD_DEVICE_PRECISION` */
  readonly precision: DeviceThreadData['precision']
  readonly memoryBytesMax: number
  readonly whenFull: WhenFull
  readonly deviceRowsMin: number | undefined
}

export interface DeviceParts {
  readonly pool: ScoringPool
  readonly log: Logger
  readonly meter: Meter
  readonly onLost: (error: Error) => void
}

/** These, and the counters, which are opened once however many devices are tried. */
type OpenedParts = DeviceParts & Pick<DeviceBackendOptions, 'outcomes' | 'tangentOutcomes'>

/**
 * What the setting asks for: the pool alone, or a device beside it. `auto` takes CUDA's first device where it works, and
 * else the CPU; which one it took is in the log. It never takes `webgpu`, behind which there may be a CPU that plays a GPU.
 * @throws HypershardError `invalid_config` for a device that does not work, or whose memory is not told
 */
export async function openBackend(settings: DeviceSettings, parts: DeviceParts): Promise<ScoringBackend> {
  try {
    return await openAsAsked(settings, parts)
  } catch (error) {
    await parts.pool.close()
    throw error
  }
}

async function openAsAsked(settings: DeviceSettings, parts: DeviceParts): Promise<ScoringBackend> {
  const backend = await chooseDevice(settings, parts)
  readDevice(parts.meter, backend)
  return backend ?? parts.pool
}

async function chooseDevice(settings: DeviceSettings, parts: DeviceParts): Promise<DeviceBackend | undefined> {
  const { device, memoryBytesMax } = settings
  const outcomes = parts.meter.counter(deviceMetrics.shards)
  const tangentOutcomes = parts.meter.counter(deviceMetrics.tangents)
  const opened = { ...parts, outcomes, tangentOutcomes }
  if (device === 'cpu') return undefined
  if (device !== 'auto' && memoryBytesMax === 0) throw memoryNotTold(device)
  return device === 'auto' ? openCudaIfThere(settings, opened) : openDevice(deviceOf(device), settings, opened)
}

/** The device's thread, before anything is asked of it. */
export function startDeviceThread(
  workerData: DeviceThreadData,
  log: Logger,
  onDeath: (error: Error) => void,
): DeviceThread {
  const file = new URL('./device-thread.ts', import.meta.url)
  return new ThreadCalls<ToDeviceThread, DeviceAnswer>({ name: 'device', file, workerData, log, onDeath })
}

async function openCudaIfThere(settings: DeviceSettings, parts: OpenedParts): Promise<DeviceBackend | undefined> {
  let backend: DeviceBackend
  try {
    backend = await openDevice(deviceOf('cuda'), settings, parts)
  } catch (error) {
    if (!(error instanceof HypershardError) || error.code !== 'invalid_config') throw error
    parts.log.info({ reason: error.message }, 'no device found, the CPU scores')
    return undefined
  }
  if (settings.memoryBytesMax > 0) return backend
  await backend.closeDevice()
  throw memoryNotTold('auto, which found cuda:0')
}

async function openDevice(
  provider: DeviceProvider,
  settings: DeviceSettings,
  parts: OpenedParts,
): Promise<DeviceBackend> {
  const device = deviceNameOf(provider)
  const weightsBytesMax = roomForWeights(provider.name, settings.memoryBytesMax)
  const startThread = (onDeath: (error: Error) => void) =>
    startDeviceThread({ provider, precision: settings.precision, chunkBytesMax, weightsBytesMax }, parts.log, onDeath)
  const backend = new DeviceBackend({ ...settings, ...parts, device, weightsBytesMax, startThread })
  try {
    await backend.probe()
  } catch (error) {
    await backend.closeDevice()
    throw error
  }
  return backend
}

function memoryNotTold(device: string): HypershardError {
  return new HypershardError(
    'invalid_config',
    `HYPERSHARD_SHARD_DEVICE is ${device}, so HYPERSHARD_SHARD_DEVICE_MEMORY_BYTES is required: how many bytes of its ` +
      'memory vectors may take, about three quarters of what it has',
  )
}
