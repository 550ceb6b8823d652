import type { DeviceProvider } from '@hypershard/qnet'

/** What an encoder's products are computed in on the CPU. */
export const kernels = ['fp32', 'int8'] as const
export type CpuKernel = (typeof kernels)[number]
export type DeviceKernel = `fp32-${DeviceProvider['name']}`
export type Kernel = CpuKernel | DeviceKernel
