import { HypershardError } from '@hypershard/common'
import { vectorWidthMax } from '@hypershard/proto/limits'
import { Activation as ProtoActivation, type QNetArchitecture as ProtoArchitecture } from '@hypershard/proto/qnet'
import { z } from 'zod'

/** A matrix's place in the q-net: `x [rows, in] @ W [in, out]`. */
export interface LayerShape {
  readonly in: number
  readonly out: number
}

/** Wide enough for any encoder in use; keeps one layer's matrix to 64 MiB. */
const layerWidthMax = vectorWidthMax
/** Core layers; the paper goes to 8. */
const layersMax = 32

const width = z.number().int().min(1).max(layerWidthMax)

/**
 * The shape of every q-net of one model, as `model.json` writes it. Names and meaning follow the published q-net
 * definition (jfkback/hypencoder-paper, modeling/q_net.py, `RepeatedDenseBlockConverter`).
 */
export const qnetArchitectureSchema = z
  .strictObject({
    /** Layer widths from the document vector to the score; the last is 1. `[384, 1]` is an inner product. */
    vectorDimensions: z
      .array(width)
      .min(2)
      .max(layersMax + 2)
      .readonly(),
    activation: z.enum(['relu', 'tanh', 'sigmoid', 'gelu', 'leaky_relu']),
    layerNorm: z.boolean(),
    /** Norm of the activation, then the sum (true), or norm of the sum (false). */
    layerNormBeforeResidual: z.boolean(),
    residual: z.boolean(),
    /** Whether the last core layer has its residual too. */
    residualOnLast: z.boolean(),
  })
  .readonly()
  .superRefine((architecture, context) => {
    const problem = problemOf(architecture)
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
  })

export type QNetArchitecture = z.output<typeof qnetArchitectureSchema>
export type Activation = QNetArchitecture['activation']

/** Every activation, in the order of the wire format's numbers. */
export const activations = Object.freeze(['relu', 'tanh', 'sigmoid', 'gelu', 'leaky_relu'] as const)

function problemOf(architecture: QNetArchitecture): string | undefined {
  if (architecture.vectorDimensions.at(-1) !== 1) return 'the last of vectorDimensions must be 1, the score'
  if (architecture.residualOnLast && !architecture.residual) return 'residualOnLast needs residual'
  const misfit = coreLayers(architecture).findIndex(
    (layer, index) => hasResidual(architecture, index) && layer.in !== layer.out,
  )
  if (misfit >= 0) return `core layer ${misfit} has a residual but its widths differ`
  return undefined
}

/** Shapes of all matrices, the last being `[width, 1]`. */
export function layerShapes(architecture: QNetArchitecture): LayerShape[] {
  const dimensions = architecture.vectorDimensions
  return dimensions.slice(1).map((out, index) => ({ in: dimensions[index]!, out }))
}

/** The layers with bias, activation, norm and residual: all but the last. Their number is the q-net's depth. */
export function coreLayers(architecture: QNetArchitecture): LayerShape[] {
  return layerShapes(architecture).slice(0, -1)
}

/** The residual is left out on the last core layer unless `residualOnLast`. */
export function hasResidual(architecture: QNetArchitecture, coreLayer: number): boolean {
  if (!architecture.residual) return false
  const last = architecture.vectorDimensions.length - 3
  return coreLayer !== last || architecture.residualOnLast
}

/** Width of the document vectors that the q-net scores. */
export function vectorWidth(architecture: QNetArchitecture): number {
  return architecture.vectorDimensions[0]!
}

/** Weights and biases of one q-net. */
export function parameterCount(architecture: QNetArchitecture): number {
  const matrices = layerShapes(architecture).reduce((sum, layer) => sum + layer.in * layer.out, 0)
  return coreLayers(architecture).reduce((sum, layer) => sum + layer.out, matrices)
}

/** Multiplications and additions in the matrix products of one document: the unit of cost in plans and benchmarks. */
export function flopsPerDocument(architecture: QNetArchitecture): number {
  return layerShapes(architecture).reduce((sum, layer) => sum + 2 * layer.in * layer.out, 0)
}

const protoActivations: Readonly<Record<Activation, ProtoActivation>> = {
  relu: ProtoActivation.ACTIVATION_RELU,
  tanh: ProtoActivation.ACTIVATION_TANH,
  sigmoid: ProtoActivation.ACTIVATION_SIGMOID,
  gelu: ProtoActivation.ACTIVATION_GELU,
  leaky_relu: ProtoActivation.ACTIVATION_LEAKY_RELU,
}

export function architectureToProto(architecture: QNetArchitecture): ProtoArchitecture {
  return {
    ...architecture,
    vectorDimensions: [...architecture.vectorDimensions],
    activation: protoActivations[architecture.activation],
  }
}

/** @throws HypershardError `invalid_request` when the message describes no q-net */
export function architectureFromProto(message: ProtoArchitecture | undefined): QNetArchitecture {
  const activation = activations.find(name => protoActivations[name] === message?.activation)
  const parsed = qnetArchitectureSchema.safeParse({ ...message, activation })
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).join('; ')
  throw new HypershardError('invalid_request', `q-net architecture: ${problems}`)
}

/** A key that is equal for equal architectures: names compiled graphs in caches. */
export function architectureKey(architecture: QNetArchitecture): string {
  const { activation, layerNorm, layerNormBeforeResidual, residual, residualOnLast } = architecture
  const flags = [layerNorm, layerNormBeforeResidual, residual, residualOnLast].map(Number).join('')
  return `${architecture.vectorDimensions.join('-')}:${activation}:${flags}`
}

/**
 * The architecture that a key stands for.
 * @throws HypershardError `invalid_request` when it is not the key of one
 */
export function architectureFromKey(key: string): QNetArchitecture {
  const [dimensions = '', activation, flags = ''] = key.split(':')
  const [layerNorm, layerNormBeforeResidual, residual, residualOnLast] = [...flags].map(flag => flag === '1')
  const norms = { layerNorm, layerNormBeforeResidual, residual, residualOnLast }
  const parsed = qnetArchitectureSchema.safeParse({
    vectorDimensions: dimensions.split('-').map(Number),
    activation,
    ...norms,
  })
  if (parsed.success && architectureKey(parsed.data) === key) return parsed.data
  throw new HypershardError('invalid_request', `${JSON.stringify(key)} is not the key of a q-net architecture`)
}

/** An inner product with one vector: the q-net without a core layer, whose only matrix is that vector. */
export function innerProductOf(width: number): QNetArchitecture {
  const flat = { layerNorm: false, layerNormBeforeResidual: false, residual: false, residualOnLast: false }
  return { vectorDimensions: [width, 1], activation: 'relu', ...flat }
}
