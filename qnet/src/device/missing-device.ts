/** What is missing where a device that was asked for does not work, and how to get it. */
import { existsSync } from 'node:fs'
import { HypershardError, messageOf } from '@hypershard/common'
import { cudaProviderFiles } from '../onnx/cuda-provider.ts'
import type { DeviceProvider } from '../onnx/device-session.ts'
import { deviceNameOf } from './device-name.ts'

/** A device that a setting asks for. */
export interface AskedDevice {
  readonly provider: DeviceProvider
  /** Its name, such as `HYPERSHARD_SHARD_DEVICE`. */
  readonly setting: string
}

export interface CudaFiles {
  /** Of the provider, in the order to load them. */
  readonly paths: readonly string[]
  exists(path: string): boolean
  /** @throws what the system's loader says, which begins with the library that it cannot find */
  load(path: string): void
}

/** @throws nothing: it gives the `invalid_config` that ends the start */
export function missingDevice(
  { provider, setting }: AskedDevice,
  error: unknown,
  files: CudaFiles = installedFiles,
): HypershardError {
  const said = messageOf(error).split('\n').at(0)!.trim()
  const missing = provider.name === 'cuda' ? missingOfCuda(files) : missingOfWebgpu(messageOf(error))
  const message =
    `${setting} ${deviceNameOf(provider)} does not work here: ${missing ?? said}; ` + `or set ${setting} to cpu`
  return new HypershardError('invalid_config', message, { cause: error, details: { deviceMissing: true } })
}

export function isDeviceMissing(error: unknown): error is HypershardError {
  return error instanceof HypershardError && error.details.deviceMissing === true
}

/** @throws nothing: it gives the `invalid_config` that ends the start */
export function missingHalf({ provider, setting }: AskedDevice, error: unknown): HypershardError {
  const message =
    `${setting}_PRECISION f16 does not work on ${deviceNameOf(provider)}: ` +
    `${messageOf(error).split('\n').at(0)!.trim()}; set it to auto or f32`
  return new HypershardError('invalid_config', message, { cause: error })
}

function missingOfWebgpu(said: string): string | undefined {
  if (!/adapter/i.test(said)) return undefined
  return (
    'there is no Vulkan device; install its driver and the Vulkan loader (libvulkan1 on Debian), and see with `vulkaninfo` ' +
    'that it is found'
  )
}

function missingOfCuda({ paths, exists, load }: CudaFiles): string | undefined {
  if (!paths.every(exists)) return "onnxruntime's CUDA provider is not installed; run `npm run setup:cuda`"
  for (const path of paths) {
    try {
      load(path)
    } catch (error) {
      const library = /(lib[\w.+-]+\.so[\d.]*): cannot open shared object file/.exec(messageOf(error))?.[1]
      if (library !== undefined) return howToGet(library)
    }
  }
  return undefined
}

/** Which library is whose: NVIDIA's driver, or CUDA. */
export function howToGet(library: string): string {
  if (/^lib(cuda|nvidia-.*)\.so/.test(library)) {
    return `the NVIDIA driver is missing (${library}); install the driver of this machine's GPU, or give the container the GPU`
  }
  return `${library} of CUDA 13 is missing; install CUDA 13's libraries and put them on LD_LIBRARY_PATH`
}

const installedFiles: CudaFiles = {
  paths: cudaProviderFiles(),
  exists: existsSync,
  // Node's own loader of add-ons: it says what a library needs before it finds that it is no add-on.
  load: path => process.dlopen({ exports: {} }, path),
}
