import { type Meter, only } from '@hypershard/common'
import { encoderMetrics } from '../batching/metrics.ts'
import type { ServiceState } from '../service-state.ts'

/** Has read what the service encodes on, and whether that is lost. */
export function readDevice(meter: Meter, state: ServiceState): void {
  meter.read(encoderMetrics.deviceInfo, () => [{ labels: { device: state.device }, value: 1 }])
  meter.read(encoderMetrics.deviceLost, () => only(Number(state.hasFailed)))
}
