import { InferenceSession } from 'onnxruntime-node'

/** What runs a graph beside the CPU's own code. `cpu` is onnxruntime's CPU provider, for tests of what a device does. */
export interface DeviceProvider {
  readonly name: 'cpu' | 'webgpu' | 'cuda'
  /** Which of several, for cuda. */
  readonly number: number
}

interface DeviceSettings {
  readonly keepOutputs?: boolean
  readonly keepConstants?: boolean
}

/**
 * Opens a graph on a device; its constants lie there until the session is released. `run` blocks its thread.
 * @param settings `keepOutputs`: what a run gives stays on the device (webgpu alone), for other sessions there to read;
 *   `keepConstants`: nothing is computed of constants beforehand, so that none is there twice
 * @throws whatever onnxruntime throws: what it means depends on whether the device has worked before
 */
export function createDeviceSession(
  graph: Uint8Array,
  { name, number }: DeviceProvider,
  { keepOutputs = false, keepConstants = false }: DeviceSettings = {},
): Promise<InferenceSession> {
  return InferenceSession.create(graph, {
    executionProviders: [name === 'cuda' ? { name, deviceId: number } : { name }],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // What fails is thrown; a probe for what a device has not should leave no line behind.
    logSeverityLevel: 4,
    ...(keepOutputs ? { preferredOutputLocation: 'gpu-buffer' } : {}),
    extra: {
      session: { force_spinning_stop: '1' },
      ...(keepConstants ? { optimization: { disable_specified_optimizers: 'ConstantFolding' } } : {}),
    },
  })
}
