import { byLabel, type Meter } from '../telemetry/metrics.ts'
import { gateMetrics } from './metrics.ts'
import type { WorkGate } from './work-gate.ts'

/** Has gates read, each by what passes through it, as the label `work` has it. */
export function readGates(meter: Meter, gates: Readonly<Record<string, WorkGate>>): void {
  const ofEach = (amountOf: (gate: WorkGate) => number) => () =>
    byLabel('work', Object.fromEntries(Object.entries(gates).map(([work, gate]) => [work, amountOf(gate)])))
  meter.read(
    gateMetrics.running,
    ofEach(gate => gate.inFlight),
  )
  meter.read(
    gateMetrics.runningLimit,
    ofEach(gate => gate.bounds.inFlightMax),
  )
  meter.read(
    gateMetrics.waiting,
    ofEach(gate => gate.waiting),
  )
  meter.read(
    gateMetrics.waitingLimit,
    ofEach(gate => gate.bounds.waitingMax),
  )
  meter.read(
    gateMetrics.refused,
    ofEach(gate => gate.refused),
  )
}
