import type { DeviceProvider } from '../onnx/device-session.ts'

/** What a setting of a device may be. */
export const deviceNames = /^(cpu|webgpu|cuda(:\d{1,2})?|auto)$/

/** @param name `webgpu`, `cuda` or `cuda:1` */
export function deviceOf(name: string): DeviceProvider {
  const [provider, number = '0'] = name.split(':')
  return { name: provider as DeviceProvider['name'], number: Number(number) }
}

/** As operators name it: `cuda:0`, also where `cuda` was asked for. */
export function deviceNameOf({ name, number }: DeviceProvider): string {
  return name === 'cuda' ? `cuda:${number}` : name
}
