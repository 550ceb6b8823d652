import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The files that make onnxruntime compute with CUDA, in the order that they need each other. */
export const cudaProviderNames = Object.freeze([
  'libonnxruntime_providers_shared.so',
  'libonnxruntime_providers_cuda.so',
])

/** Where onnxruntime's own library lies, and looks for its providers. */
export function onnxruntimeFolder(): string {
  const bin = join(dirname(createRequire(import.meta.url).resolve('onnxruntime-node')), '..', 'bin')
  const binding = readdirSync(bin).find(name => name.startsWith('napi-v')) ?? 'napi-v6'
  return join(bin, binding, process.platform, process.arch)
}

export function cudaProviderFiles(): string[] {
  return cudaProviderNames.map(name => join(onnxruntimeFolder(), name))
}
