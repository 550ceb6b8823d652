import type { Logger } from '@hypershard/common'
import { isDeviceMissing } from '@hypershard/qnet'
import { deviceNameOf, deviceOf } from '@hypershard/qnet/device-name'
import type { EncodingWorkers, EncodingWorkersOptions } from '../encoding/encoding-workers.ts'
import { sharedTurns } from './device-turns.ts'

/** Measured on the CPU: larger batches are not faster there. */
const cpuBatchTokens = 1024
/** Enough for a GPU to be busy, and few enough for a query not to wait long behind them. */
const deviceBatchTokens = 4096

export interface StartedWorkers {
  readonly workers: EncodingWorkers
  /** As operators name it; `cpu` where there is none. */
  readonly device: string
  /** The largest batch. */
  readonly batchTokens: number
}

export interface WorkersToStart {
  /** `HYPERSHARD_ENCODER_DEVICE` */
  readonly device: string
  /** `HYPERSHARD_ENCODER_TOKEN_BUDGET` */
  readonly tokenBudget: number
  readonly log: Logger
  start(settings: Pick<EncodingWorkersOptions['settings'], 'device'>): Promise<EncodingWorkers>
}

/**
 * Starts the workers on what the setting asks for. `auto` takes CUDA's first device where it works, and else the CPU; which
 * one it took is in the log. It never takes `webgpu`, behind which there may be a CPU that plays a GPU.
 * @throws HypershardError `invalid_config` for a device that does not work
 */
export async function startWorkers(asked: WorkersToStart): Promise<StartedWorkers> {
  const { device, log } = asked
  if (device === 'cpu') return startOnCpu(asked)
  try {
    return await startOnDevice(asked, device === 'auto' ? 'cuda' : device)
  } catch (error) {
    if (device !== 'auto' || !isDeviceMissing(error)) throw error
    log.info({ reason: error.message }, 'no device found, the CPU encodes')
    return startOnCpu(asked)
  }
}

async function startOnCpu({ tokenBudget, start }: WorkersToStart): Promise<StartedWorkers> {
  return { workers: await start({}), device: 'cpu', batchTokens: tokenBudget || cpuBatchTokens }
}

async function startOnDevice({ tokenBudget, start }: WorkersToStart, name: string): Promise<StartedWorkers> {
  const provider = deviceOf(name)
  const batchTokens = tokenBudget || deviceBatchTokens
  const workers = await start({ device: { provider, runTokens: batchTokens, turns: sharedTurns() } })
  return { workers, device: deviceNameOf(provider), batchTokens }
}
