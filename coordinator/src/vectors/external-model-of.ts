import { HypershardError } from '@hypershard/common'
import type { CreateIndexInput, ExternalVectors, externalVectorsSchema, QNetShape } from '@hypershard/contract'
import {
  architectureFromKey,
  architectureKey,
  innerProductOf,
  type QNetArchitecture,
  qnetArchitectureSchema,
} from '@hypershard/qnet'
import { externalArchitecture, externalModel, type GenerationRecord, type NamedModel } from '@hypershard/storage'
import type { z } from 'zod'

export const externalName = 'external'

/**
 * What stands for the model of a new index whose vectors and q-nets come from outside; undefined for one with a model.
 * @throws HypershardError `invalid_request`
 */
export function externalModelOf({
  model,
  vectors,
  passages,
}: Pick<CreateIndexInput, 'model' | 'vectors' | 'passages'>):
  | Pick<GenerationRecord, 'model' | 'vectorWidth'>
  | undefined {
  if (model !== externalName && vectors === undefined) return undefined
  if (model !== externalName) throw invalid(`vectors: only with "model": "${externalName}"; leave one of them out`)
  if (vectors === undefined) throw invalid(`vectors: missing; with "model": "${externalName}" say their width`)
  if (passages !== undefined && passages !== false)
    throw invalid(`passages: nothing cuts texts with "model": "${externalName}"; leave it out`)
  const architecture = architectureOf(vectors)
  return { model: externalModel(architectureKey(architecture)), vectorWidth: vectors.width }
}

/** The architecture of the q-nets of a generation from outside; undefined of one with a model. */
export function externalScorerOf(model: NamedModel): QNetArchitecture | undefined {
  const key = externalArchitecture(model)
  return key === undefined ? undefined : architectureFromKey(key)
}

/** As the API tells it; undefined of a generation with a model. */
export function externalVectorsOf(model: NamedModel): z.output<typeof externalVectorsSchema> | undefined {
  const architecture = externalScorerOf(model)
  if (architecture === undefined) return undefined
  const width = architecture.vectorDimensions[0]!
  if (architecture.vectorDimensions.length === 2) return { width, scorer: 'inner_product' }
  return {
    width,
    scorer: {
      vector_dimensions: [...architecture.vectorDimensions],
      activation: architecture.activation,
      layer_norm: architecture.layerNorm,
      layer_norm_before_residual: architecture.layerNormBeforeResidual,
      residual: architecture.residual,
      residual_on_last: architecture.residualOnLast,
    },
  }
}

/** @throws HypershardError `invalid_request` for a shape that no q-net has */
export function architectureOfShape(shape: QNetShape, where: string): QNetArchitecture {
  const parsed = qnetArchitectureSchema.safeParse({
    vectorDimensions: [...shape.vector_dimensions],
    activation: shape.activation,
    layerNorm: shape.layer_norm,
    layerNormBeforeResidual: shape.layer_norm_before_residual,
    residual: shape.residual,
    residualOnLast: shape.residual_on_last,
  })
  if (parsed.success) return parsed.data
  throw invalid(`${where}: ${parsed.error.issues.map(({ message }) => message).join('; ')}`)
}

function architectureOf({ width, scorer }: ExternalVectors): QNetArchitecture {
  if (scorer === 'inner_product') return innerProductOf(width)
  const architecture = architectureOfShape(scorer, 'vectors.scorer')
  const [first] = architecture.vectorDimensions
  if (first !== width) throw invalid(`vectors.scorer.vector_dimensions: begins with ${first}, the width is ${width}`)
  // Without a core layer the other flags say nothing, and two indexes that score alike are to be alike.
  return architecture.vectorDimensions.length === 2 ? innerProductOf(width) : architecture
}

function invalid(message: string): HypershardError {
  return new HypershardError('invalid_request', message)
}
