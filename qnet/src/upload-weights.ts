import { layerShapes, type QNetArchitecture } from './architecture.ts'
import { createDeviceSession, type DeviceProvider } from './onnx/device-session.ts'
import { GraphBuilder } from './onnx/graph-builder.ts'
import type { InferenceSession, Tensor } from './onnx/session.ts'
import { type Feeds, floatFeeds } from './score-documents.ts'
import type { QNetWeights } from './weights/weights.ts'

/** A query's weights, for the graphs of all the chunks that it ranks. */
export interface DeviceWeights {
  readonly feeds: Feeds
  /** They are not read any more. */
  release(): void
}

/** Weights that go to the device with each run that reads them. */
export function weightsOnHost(architecture: QNetArchitecture, weights: QNetWeights): DeviceWeights {
  return { feeds: floatFeeds(architecture, weights), release: () => {} }
}

/**
 * Brings queries' weights to a device once, where onnxruntime's Node binding can: for webgpu it leaves a graph's outputs on
 * the device and takes them as another's inputs. For cuda it has nothing of the kind, so that weights go in with each run.
 */
export class WeightsUploader {
  readonly #architecture: QNetArchitecture
  readonly #session: InferenceSession | undefined

  private constructor(architecture: QNetArchitecture, session: InferenceSession | undefined) {
    this.#architecture = architecture
    this.#session = session
  }

  /** @throws what onnxruntime throws, as does `upload` */
  static async open(architecture: QNetArchitecture, provider: DeviceProvider): Promise<WeightsUploader> {
    if (provider.name !== 'webgpu') return new WeightsUploader(architecture, undefined)
    const session = await createDeviceSession(compileCopy(architecture), provider, { keepOutputs: true })
    return new WeightsUploader(architecture, session)
  }

  async upload(weights: QNetWeights): Promise<DeviceWeights> {
    const onHost = weightsOnHost(this.#architecture, weights)
    if (this.#session === undefined) return onHost
    const inputs = Object.entries(onHost.feeds).map(([name, tensor]) => [`${name}_on_host`, tensor] as const)
    const feeds = (await this.#session.run(Object.fromEntries(inputs))) as Readonly<Record<string, Tensor>>
    // Their data must not be asked for: onnxruntime 1.30 ends the process then.
    const release = () => {
      for (const tensor of Object.values(feeds)) tensor.dispose()
    }
    return { feeds: { ...feeds }, release }
  }

  async release(): Promise<void> {
    await this.#session?.release()
  }
}

/** Each weight as it is: what goes in on the host comes out on the device. */
function compileCopy(architecture: QNetArchitecture): Uint8Array {
  const graph = new GraphBuilder('qnet-weights')
  const copy = (name: string, shape: readonly number[]) => {
    graph.node('Identity', [graph.input(`${name}_on_host`, 'float32', shape)], name)
    graph.output(name, 'float32', shape)
  }
  const shapes = layerShapes(architecture)
  for (const [index, shape] of shapes.entries()) {
    copy(`matrix_${index}`, [shape.in, shape.out])
    if (index < shapes.length - 1) copy(`bias_${index}`, [shape.out])
  }
  return graph.build()
}
