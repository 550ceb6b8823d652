import { HypershardError } from '@hypershard/common'
import { int8ProductsAreExact, type ModelDirectory, quantiseEncoder, type VectorHead } from '@hypershard/qnet'
import { deviceSetting, type EncodingDevice } from '../device/encoding-device.ts'
import { openEncoderOnDevice } from '../device/open-on-device.ts'
import { cosineOf } from './cosine-of.ts'
import { type EncoderReach, type EncoderSession, openEncoder, probeTexts } from './encoder-session.ts'
import type { CpuKernel, Kernel } from './kernel.ts'
import { statesOf } from './text-batch.ts'

export interface ChosenEncoder {
  readonly encoder: EncoderSession
  readonly kernel: Kernel
  /** What was measured, in words. */
  readonly choice: string
}

export interface KernelOptions extends EncoderReach {
  readonly threads: number
  readonly kernel: CpuKernel | 'auto'
  /** That runs it, and not the CPU. */
  readonly device?: EncodingDevice | undefined
}

/**
 * int8 is taken from this on: a little more speed is not worth vectors that differ from fp32's. Measured 2.4 to 2.8 with
 * VNNI.
 */
export const speedUpMin = 1.2

/** How alike the vectors of both must be, as the least cosine of the probe texts. */
export const cosineMin = 0.995

/** After one that does not count; the best of each kernel counts. */
const rounds = 3

/**
 * Opens a model's document encoder with the kernel that is asked for; for `auto`, with int8 where the graph allows it, its
 * vectors are like those of fp32, and it is measured to be faster here. A device computes in f32.
 * @param head that makes vectors of token states
 * @throws HypershardError `invalid_model`; `invalid_config` when int8 is asked for and the graph has no such form
 */
export async function openDocumentEncoder(
  directory: ModelDirectory,
  options: KernelOptions,
  head: VectorHead,
): Promise<ChosenEncoder> {
  const file = directory.settings.encoder.document
  const { device } = options
  if (device !== undefined) {
    if (options.kernel === 'int8') throw int8IsTheCpus()
    return { ...(await openEncoderOnDevice(directory, file, { ...options, device })), kernel: device.kernel }
  }
  const fp32 = await openEncoder(directory, file, options)
  if (options.kernel === 'fp32') return { encoder: fp32, kernel: 'fp32', choice: 'as set' }
  const { graph, problem } = await int8GraphOf(directory, file)
  if (graph === undefined) {
    if (options.kernel === 'auto') return { encoder: fp32, kernel: 'fp32', choice: problem }
    await fp32.close()
    const message = `HYPERSHARD_ENCODER_KERNEL: no int8 for model ${directory.settings.name}: ${problem}; set auto or fp32`
    throw new HypershardError('invalid_config', message)
  }
  const int8 = await openEncoder(directory, file, options, graph)
  const probe = probeTexts(options)
  const cosine = leastCosine(await vectorsOf(fp32, head, probe), await vectorsOf(int8, head, probe))
  const speedUp = options.kernel === 'auto' ? await measureSpeedUp(fp32, int8, probe) : undefined
  const kernel = speedUp === undefined ? 'int8' : kernelFor({ cosine, speedUp })
  await (kernel === 'int8' ? fp32 : int8).close()
  const speed = speedUp === undefined ? 'as set' : `int8 ${speedUp.toFixed(2)} times as fast as fp32`
  return { encoder: kernel === 'int8' ? int8 : fp32, kernel, choice: `${speed}, least cosine ${cosine.toFixed(4)}` }
}

function int8IsTheCpus(): HypershardError {
  const message = `HYPERSHARD_ENCODER_KERNEL: int8 is the CPU's alone, and ${deviceSetting} is set; set auto or fp32`
  return new HypershardError('invalid_config', message)
}

async function int8GraphOf(directory: ModelDirectory, file: string) {
  if (!(await int8ProductsAreExact()))
    return { graph: undefined, problem: 'this processor adds int8 products in 16 bits' }
  return { graph: quantiseEncoder(directory.files.get(file)!), problem: `${file} has no int8 form` }
}

/** @param measured of int8 beside fp32 */
export function kernelFor({ cosine, speedUp }: { cosine: number; speedUp: number }): Kernel {
  return cosine >= cosineMin && speedUp >= speedUpMin ? 'int8' : 'fp32'
}

async function vectorsOf(encoder: EncoderSession, head: VectorHead, probe: Int32Array[]): Promise<Float32Array[]> {
  const batch = await encoder.run(probe)
  const vectors: Float32Array[] = []
  for (const row of probe.keys()) vectors.push(await head(statesOf(batch, row)))
  return vectors
}

function leastCosine(left: readonly Float32Array[], right: readonly Float32Array[]): number {
  return Math.min(...left.map((vector, row) => cosineOf(vector, right[row]!)))
}

/** Both take turns, so that what else the machine does slows both. */
async function measureSpeedUp(fp32: EncoderSession, int8: EncoderSession, probe: Int32Array[]): Promise<number> {
  const best = { fp32: Number.POSITIVE_INFINITY, int8: Number.POSITIVE_INFINITY }
  for (let round = 0; round <= rounds; round++) {
    for (const [kernel, encoder] of [
      ['fp32', fp32],
      ['int8', int8],
    ] as const) {
      const startMs = performance.now()
      await encoder.run(probe)
      if (round > 0) best[kernel] = Math.min(best[kernel], performance.now() - startMs)
    }
  }
  return best.fp32 / best.int8
}
