import { HypershardError } from '@hypershard/common'
import type { LoadedCrossEncoder, LoadedModel } from '../encoding/worker-protocol.ts'

/** What a service has, each list in the order of its settings. */
export interface ServedModels {
  readonly models: readonly LoadedModel[]
  readonly crossEncoders: readonly LoadedCrossEncoder[]
}

/**
 * The place of the model that a request names.
 * @param digest empty for the default model, the first
 * @throws HypershardError `model_not_found`, `invalid_request` for a cross-encoder
 */
export function readModel({ models, crossEncoders }: ServedModels, digest: string): number {
  const model = models.findIndex(candidate => digest === '' || candidate.digest === digest)
  if (model !== -1) return model
  const other = crossEncoders.find(candidate => candidate.digest === digest)
  if (other !== undefined) {
    const message = `model ${other.settings.name} is a cross-encoder, which encodes nothing alone; call ScorePairs with it`
    throw new HypershardError('invalid_request', message, { details: { digest } })
  }
  throw notFound('model', digest, models)
}

/**
 * The place of the cross-encoder that a request names.
 * @throws HypershardError `model_not_found`, `invalid_request` for a model of the other kind
 */
export function readCrossEncoder({ models, crossEncoders }: ServedModels, digest: string): number {
  const model = crossEncoders.findIndex(candidate => candidate.digest === digest)
  if (model !== -1) return model
  const other = models.find(candidate => candidate.digest === digest)
  if (other !== undefined) {
    const message = `model ${other.settings.name} is no cross-encoder: it makes vectors and q-nets, and scores no pairs`
    throw new HypershardError('invalid_request', message, { details: { digest } })
  }
  throw notFound('cross-encoder', digest, crossEncoders)
}

function notFound(what: string, digest: string, all: ServedModels[keyof ServedModels]): HypershardError {
  const message = `this encoder service has no ${what} ${digest}; ListModels names those it has`
  const loaded = all.map(({ digest: own, settings }) => ({ name: settings.name, digest: own }))
  return new HypershardError('model_not_found', message, { details: { digest, models: loaded } })
}
