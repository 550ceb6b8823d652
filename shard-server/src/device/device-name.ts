import type { DeviceProvider } from '@hypershard/qnet'

/** What `HYPERSHARD_SHARD_DEVICE` may be. */
export const deviceNames = /^(cpu|webgpu|cuda(:\d{1,2})?|auto)$/

/** @param name `webgpu`, `cuda` or `cuda:1` */
export function deviceOf(name: string): DeviceProvider {
  const [provider, number = '0'] = name.split(':')
  return { name: provider as DeviceProvider['name'], number: Number(number) }
}

/** As operators name it: `cuda:0`, also where `cuda` was asked for. */
export function nameOf({ name, number }: DeviceProvider): string {
  return name === 'cuda' ? `cuda:${number}` : name
}
