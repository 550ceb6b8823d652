import { type HypershardClient, ServerProblem } from '@hypershard/client'
import { HypershardError } from '@hypershard/common'
import type { IndexDescription } from '@hypershard/contract'
import { openVectorFile } from './open-vector-file.ts'
import type { VectorFile } from './vector-file.ts'

/** What a command line says of vectors that come with documents. */
export interface VectorOptions {
  readonly vectors?: string
  readonly tensor?: string
  readonly vectorsModel?: string
}

export interface GivenVectors {
  readonly file: VectorFile
  /** Of the model that made them; undefined for an index that takes any. */
  readonly modelDigest: string | undefined
}

/**
 * Opens the vectors that a put comes with, and finds out before anything is sent whether the index takes them.
 * @returns undefined where none are given
 * @throws HypershardError `invalid_request`, `model_mismatch`
 */
export async function openVectors(
  api: Pick<HypershardClient, 'describeIndex'>,
  index: string,
  { vectors: path, tensor, vectorsModel }: VectorOptions,
): Promise<GivenVectors | undefined> {
  if (path === undefined) {
    const lone = tensor === undefined ? vectorsModel && '--vectors-model' : '--tensor'
    if (lone) throw new HypershardError('invalid_request', `${lone}: only with --vectors; leave it out`)
    return undefined
  }
  const file = await openVectorFile(path, tensor)
  const described = await api.describeIndex(index).catch(unlessForbidden)
  if (described !== undefined) requireFitting(described, file, vectorsModel)
  return { file, modelDigest: described?.vectors === undefined ? vectorsModel : undefined }
}

function requireFitting({ name, model, vectors }: IndexDescription, file: VectorFile, given: string | undefined): void {
  const details = { index: name, file: file.path }
  if (vectors === undefined) {
    if (given === model.digest) return
    const message = `--vectors-model: must be the digest of the model of index ${name}, ${model.digest} (${model.name})`
    const found = given === undefined ? 'it is missing' : `this is ${given}`
    throw new HypershardError(given === undefined ? 'invalid_request' : 'model_mismatch', `${message}; ${found}`, {
      details,
    })
  }
  if (given !== undefined) {
    const message = `--vectors-model: index ${name} has no model and takes any vectors; leave it out`
    throw new HypershardError('invalid_request', message, { details })
  }
  if (file.width !== vectors.width) {
    const message = `${file.path}: its rows have ${file.width} values, the vectors of index ${name} have ${vectors.width}`
    throw new HypershardError('invalid_request', message, { details })
  }
}

/** A key that may write need not be one that may look at the index: then the answer to the put tells. */
function unlessForbidden(error: unknown): undefined {
  if (!(error instanceof ServerProblem) || error.code !== 'forbidden') throw error
}
