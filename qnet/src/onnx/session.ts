import { cpus } from 'node:os'
import { HypershardError, messageOf } from '@hypershard/common'
import { env, InferenceSession, Tensor } from 'onnxruntime-node'

export type { InferenceSession } from 'onnxruntime-node'
export { Tensor } from 'onnxruntime-node'

export interface SessionSettings {
  /** Threads inside one operator. */
  readonly threads: number
}

/**
 * Opens a graph for running on the CPU. `run` of the session blocks its thread until the graph is done, so sessions
 * live in worker threads (or in tests and benchmarks).
 * @param model the bytes of an ONNX file, or its path
 * @throws HypershardError `invalid_model` when onnxruntime refuses the graph
 */
export async function createOnnxSession(
  model: Uint8Array | string,
  settings: SessionSettings,
): Promise<InferenceSession> {
  const options: InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: settings.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // Warnings of its optimiser (removed initialisers and the like) are of no use to an operator.
    logSeverityLevel: 3,
    // A query runs its encoder, then its hyper-head, each with threads of its own: those of the first would spin on while
    // the second needs the cores (9.7 ms a query became 3.7 on two cores at depth 1).
    extra: { session: { force_spinning_stop: '1' } },
  }
  try {
    return typeof model === 'string'
      ? await InferenceSession.create(model, options)
      : await InferenceSession.create(model, options)
  } catch (error) {
    throw new HypershardError('invalid_model', `onnxruntime refuses the graph: ${messageOf(error)}`, { cause: error })
  }
}

/** One f32 output of a run, row-major. */
export function floatOutput(outputs: InferenceSession.OnnxValueMapType, name: string): Float32Array {
  const tensor = outputs[name]
  if (!(tensor instanceof Tensor) || !(tensor.data instanceof Float32Array)) {
    throw new HypershardError('invalid_model', `the graph has no float32 output "${name}"`)
  }
  return tensor.data
}

/**
 * Names what computes here. onnxruntime chooses its kernels by the processor: the same graph and input give the same bits
 * wherever this name is the same, and may elsewhere.
 */
export function kernelIdentity(): string {
  return `onnxruntime ${env.versions.node} cpu on ${cpus()[0]?.model.trim() ?? process.arch}`
}
