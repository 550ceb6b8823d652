import assert from 'node:assert/strict'
import {
  createDeviceSession,
  type DeviceProvider,
  floatOutput,
  GraphBuilder,
  type InferenceSession,
  missingDevice,
  spreadForDevice,
  Tensor,
  withDeviceErrors,
} from '@hypershard/qnet'
import type { DeviceKernel } from '../encoding/kernel.ts'
import type { Lane } from '../encoding/lane.ts'
import { DeviceTurns } from './device-turns.ts'

/** The setting that asks for a device. */
export const deviceSetting = 'HYPERSHARD_ENCODER_DEVICE'

/** A device as a worker is told of it. */
export interface EncodingDeviceSettings {
  readonly provider: DeviceProvider
  /** Tokens of each run of documents or pairs, with padding. */
  readonly runTokens: number
  /** See `sharedTurns`: one for all workers of the process. */
  readonly turns: SharedArrayBuffer
}

/** A graph that is open, wherever it runs. */
export interface OpenGraph extends Pick<InferenceSession, 'inputNames' | 'release'> {
  run(feeds: InferenceSession.OnnxValueMapType, names: readonly string[]): Promise<InferenceSession.OnnxValueMapType>
}

/**
 * Queries of one run: one waits for little, and eight take a GPU no longer than one. The token states of all come back to
 * the host, so that many more for the sake of one would take time.
 */
const queryRows = 8

/** The device that a lane's graphs run on. */
export class EncodingDevice {
  readonly provider: DeviceProvider
  readonly kernel: DeviceKernel
  readonly #lane: Lane
  readonly #runTokens: number
  readonly #turns: DeviceTurns
  #isStarted = false

  constructor({ provider, runTokens, turns }: EncodingDeviceSettings, lane: Lane) {
    this.provider = provider
    this.kernel = `fp32-${provider.name}`
    this.#lane = lane
    this.#runTokens = runTokens
    this.#turns = new DeviceTurns(turns, lane)
  }

  /**
   * Rows of every run of texts that are padded to one length. A device adds in an order that depends on the shapes, so that
   * one shape a length gives a text the same bits whatever is encoded beside it.
   */
  rowsOf(paddedTokens: number): number {
    return this.#lane === 'query' ? queryRows : Math.max(1, Math.floor(this.#runTokens / paddedTokens))
  }

  /** @throws HypershardError `invalid_config` where the device does not work; its message says what is missing */
  async probe(): Promise<void> {
    try {
      await this.#turns.run(() => multiplyOnce(this.provider))
    } catch (error) {
      throw missingDevice({ provider: this.provider, setting: deviceSetting }, error)
    }
  }

  /** From now on an error of a run is a lost device; before, it is a start that fails. */
  noteStarted(): void {
    this.#isStarted = true
  }

  /**
   * Brings a graph with its constants to the device. Its runs throw `unavailable` once the device has failed.
   * @throws whatever onnxruntime throws
   */
  async open(graph: Uint8Array): Promise<OpenGraph> {
    const session = await this.#turns.run(() => createDeviceSession(spreadForDevice(graph), this.provider))
    return {
      inputNames: session.inputNames,
      run: (feeds, names) =>
        this.#turns.run(() => {
          const work = () => session.run(feeds, names)
          return this.#isStarted ? withDeviceErrors(work) : work()
        }),
      // What cannot be given back to a device that is gone is gone with it.
      release: () => this.#turns.run(() => session.release().catch(() => undefined)),
    }
  }
}

async function multiplyOnce(provider: DeviceProvider): Promise<void> {
  const graph = new GraphBuilder('probe')
  graph.input('x', 'float32', [1, 2])
  graph.constant('weights', Float32Array.of(1, 0, 0, 2), [2, 2])
  graph.output(graph.node('MatMul', ['x', 'weights'], 'y'), 'float32', [1, 2])
  const session = await createDeviceSession(graph.build(), provider)
  const y = floatOutput(await session.run({ x: new Tensor('float32', Float32Array.of(1, 1), [1, 2]) }), 'y')
  await session.release()
  assert.deepEqual([...y], [1, 2], 'the device multiplies two numbers wrongly')
}
