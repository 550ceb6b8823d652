import { HypershardError } from '@hypershard/common'
import { hyperHeadBytesMax } from '@hypershard/proto/limits'
import { loadModelHead, type ModelFileFacts, type ModelHead } from '@hypershard/qnet'
import { type ObjectStore, readHyperHead, readModelJson } from '@hypershard/storage/models'

/**
 * What makes a model's q-nets, from the object store, verified by the model's digest.
 * @throws HypershardError `model_not_found` when it is not stored or too large, `corrupt_data`, `invalid_model`,
 *   `storage_failed`
 */
export function readStoredHead(store: ObjectStore, modelDigest: string): Promise<ModelHead> {
  const where = `models/${modelDigest} in the object store`
  return loadModelHead(where, async (_, facts) => {
    const content =
      facts === undefined ? await readModelJson(store, modelDigest) : await readFile(store, modelDigest, facts)
    if (content !== undefined) return content
    const message = `${where} is missing; a coordinator puts it there when the encoder service has the model`
    throw new HypershardError('model_not_found', message)
  })
}

function readFile(
  store: ObjectStore,
  modelDigest: string,
  facts: ModelFileFacts,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (facts.bytes <= hyperHeadBytesMax) return readHyperHead(store, modelDigest, facts)
  const message = `its hyper-head has ${facts.bytes} bytes, over the ${hyperHeadBytesMax} that are held here`
  throw new HypershardError('model_not_found', message)
}
