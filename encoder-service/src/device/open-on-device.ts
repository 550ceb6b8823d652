import { HypershardError, messageOf } from '@hypershard/common'
import type { ModelDirectory } from '@hypershard/qnet'
import { deviceNameOf } from '@hypershard/qnet/device-name'
import { cosineOf } from '../encoding/cosine-of.ts'
import {
  type EncoderReach,
  type EncoderSession,
  encoderOf,
  openEncoder,
  probeTexts,
} from '../encoding/encoder-session.ts'
import { statesOf } from '../encoding/text-batch.ts'
import { deviceSetting, type EncodingDevice } from './encoding-device.ts'
import { inFixedShapes } from './in-fixed-shapes.ts'

/** How alike a device's token states must be to the processor's, as the least cosine of the probe texts. */
export const deviceCosineMin = 0.999

export interface EncoderOnDevice {
  readonly encoder: EncoderSession
  /** What was measured, in words. */
  readonly choice: string
}

/**
 * Opens an encoder on the processor, so that a model with a fault is told from a device with one, then on the device, where it
 * must give nearly the same token states.
 * @throws HypershardError `invalid_model`; `invalid_config` where the model does not run on the device, or gives something else
 */
export async function openEncoderOnDevice(
  directory: ModelDirectory,
  file: string,
  options: EncoderReach & { readonly threads: number; readonly device: EncodingDevice },
): Promise<EncoderOnDevice> {
  const { tokensMax, device } = options
  const onCpu = await openEncoder(directory, file, options)
  const { hiddenWidth } = directory.settings.encoder
  try {
    const graph = await device.open(directory.files.get(file)!)
    const rowsOf = (paddedTokens: number) => device.rowsOf(paddedTokens)
    const encoder = inFixedShapes(encoderOf(graph, hiddenWidth), { tokensMax, rowsOf })
    const cosine = await leastCosine(onCpu, encoder, [...probeTexts(options), longestText(options)])
    if (!(cosine >= deviceCosineMin))
      throw new Error(`its token states are unlike the CPU's, the least cosine is ${cosine}`)
    return { encoder, choice: `as set, least cosine with the CPU ${cosine.toFixed(6)}` }
  } catch (error) {
    throw runsNotThere(device, directory.settings.name, error)
  } finally {
    await onCpu.close()
  }
}

/** @throws nothing: it gives the `invalid_config` that ends the start */
export function runsNotThere({ provider }: EncodingDevice, model: string, error: unknown): HypershardError {
  const message =
    `${deviceSetting} ${deviceNameOf(provider)}: model ${model} does not run there: ` +
    `${messageOf(error).split('\n').at(0)!.trim()}; set ${deviceSetting} to cpu`
  return new HypershardError('invalid_config', message, { cause: error })
}

function longestText({ tokensMax, idMax }: EncoderReach): Int32Array {
  return new Int32Array(tokensMax).fill(idMax)
}

async function leastCosine(one: EncoderSession, other: EncoderSession, texts: Int32Array[]): Promise<number> {
  const [left, right] = [await one.run(texts), await other.run(texts)]
  return Math.min(...texts.map((_, row) => cosineOf(statesOf(left, row), statesOf(right, row))))
}
