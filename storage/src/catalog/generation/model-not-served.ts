import { HypershardError } from '@hypershard/common'
import { shortDigest } from '../../corrupt-data.ts'
import { externalArchitecture } from './external-model.ts'
import type { NamedModel } from './named-model.ts'

/** A generation, and the model that it was made with. */
export interface GenerationOfModel {
  readonly index: string
  readonly generation: number
  readonly model: NamedModel
}

/**
 * Why nothing can be encoded for a generation: its model is not there, or another one has its name.
 * @param loaded what the encoder service has
 * @param cause what it said, if it was asked
 */
export function modelNotServed(
  { index, generation, model }: GenerationOfModel,
  loaded: readonly NamedModel[],
  cause?: HypershardError,
): HypershardError {
  const models = loaded.map(({ name, digest }) => ({ name, digest }))
  const message = `index \`${index}\`${generation === 1 ? '' : `, generation ${generation}`}: ${problemOf(model, models)}`
  return new HypershardError('model_not_served', message, { details: { index, generation, model, models }, cause })
}

/** Whether queries and documents of the model can be encoded, or need not be. */
export function isLoaded(model: NamedModel, loaded: readonly NamedModel[]): boolean {
  return externalArchitecture(model) !== undefined || loaded.some(({ digest }) => digest === model.digest)
}

function problemOf({ name, digest }: NamedModel, loaded: readonly NamedModel[]): string {
  const namesake = loaded.find(other => other.name === name)
  if (namesake !== undefined) {
    return (
      `the model \`${name}\` that is loaded is not the one that it was made with (its digest is ` +
      `${shortDigest(namesake.digest)}, not ${shortDigest(digest)}); start the cluster with the model directory as it was ` +
      'then (`--models`), or reindex with the one that is loaded'
    )
  }
  const names = loaded.map(other => `\`${other.name}\``).join(', ')
  return (
    `it was made with the model \`${name}\`, which the encoder service does not have (it has ${names || 'none'}); start ` +
    `the cluster with that model's directory too (\`--models\`), or reindex with a model that is there`
  )
}
