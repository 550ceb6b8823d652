import { byLabel, type Meter, only } from '@hypershard/common'
import type { DeviceBackend } from './device-backend.ts'
import { deviceMetrics } from './metrics.ts'

/** Has read what a device knows of itself. A server without one names the metrics and has no values of them. */
export function readDevice(meter: Meter, backend: DeviceBackend | undefined): void {
  meter.read(deviceMetrics.bytes, () => only(backend?.memory.bytes))
  meter.read(deviceMetrics.limitBytes, () => only(backend?.memory.bytesMax))
  meter.read(deviceMetrics.segments, () => backend?.memory.places() ?? [])
  meter.read(deviceMetrics.costs, () => {
    const costs = backend?.costs
    if (costs === undefined) return []
    const { runMs, multiplyAddMs, valueMs } = costs
    return byLabel<'work'>('work', { run: runMs / 1_000, multiply_add: multiplyAddMs / 1_000, value: valueMs / 1_000 })
  })
  meter.read(deviceMetrics.lost, () => only(backend && Number(backend.isLost)))
  meter.read(deviceMetrics.info, () =>
    backend === undefined ? [] : [{ labels: { device: backend.device, precision: backend.precision }, value: 1 }],
  )
}
