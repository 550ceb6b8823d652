import { existsSync } from 'node:fs'

/** Chromium's Vulkan driver without a GPU, and the loader that finds it, as Debian installs them. */
const driver = '/usr/lib/chromium/vk_swiftshader_icd.json'
const loaders = ['/usr/lib/x86_64-linux-gnu/libvulkan.so.1', '/usr/lib/aarch64-linux-gnu/libvulkan.so.1']

/**
 * What a process needs to see a GPU that the CPU plays (SwiftShader): slow, and right. Undefined where Debian's `chromium`
 * and `libvulkan1` are not installed.
 */
export function softwareGpuEnvironment(): Readonly<Record<string, string>> | undefined {
  if (!existsSync(driver) || !loaders.some(path => existsSync(path))) return undefined
  return { VK_ICD_FILENAMES: driver, XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? '/tmp' }
}

/** Skips a mocha suite where there is none, and says why; else this process and its threads see one from now on. */
export function useSoftwareGpu(test: { skip(): void }): void {
  const environment = softwareGpuEnvironment()
  if (environment === undefined) {
    process.stderr.write('skipped: a GPU played by the CPU needs the packages chromium and libvulkan1\n')
    test.skip()
  }
  Object.assign(process.env, environment)
}
