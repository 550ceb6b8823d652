import { InferenceSession } from 'onnxruntime-node'

/** What runs a graph beside the CPU's own code. `cpu` is onnxruntime's CPU provider, for tests of what a device does. */
export interface DeviceProvider {
  readonly name: 'cpu' | 'webgpu' | 'cuda'
  /** Which of several, for cuda. */
  readonly number: number
}

/**
 * Opens a graph on a device; its constants lie there until the session is released. `run` blocks its thread.
 * @throws whatever onnxruntime throws: what it means depends on whether the device has worked before
 */
export function createDeviceSession(graph: Uint8Array, { name, number }: DeviceProvider): Promise<InferenceSession> {
  return InferenceSession.create(graph, {
    executionProviders: [name === 'cuda' ? { name, deviceId: number } : { name }],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    extra: { session: { force_spinning_stop: '1' } },
  })
}
