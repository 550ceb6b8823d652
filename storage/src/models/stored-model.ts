/**
 * `models/<digest>/`: what shard servers need of a model to make q-nets of token states, `model.json` and the hyper-head.
 * docs/formats/stored-model.md.
 *
 * Both names are their content's SHA-256, the first as the model's digest, and `model.json` says which hyper-head is the
 * model's, so that the digest stands for both. Nothing here is anybody's only copy: whoever has the model stores it again.
 */
import { HypershardError } from '@hypershard/common'
import { shortDigest } from '../corrupt-data.ts'
import { hyperHeadKey, modelJsonKey } from '../layout.ts'
import type { ObjectStore } from '../store/object-store.ts'

/** As `model.json` lists it. */
export interface HyperHeadFile {
  /** SHA-256, hex. */
  readonly sha256: string
  readonly bytes: number
}

export interface StoredModel {
  /** Without a byte order mark. */
  readonly modelJson: Uint8Array
  /** Undefined for a model whose hyper-head is no file. */
  readonly hyperHead: { readonly sha256: string; readonly content: Uint8Array } | undefined
}

/**
 * @param model its digest
 * @returns undefined when the model is not stored
 * @throws HypershardError `corrupt_data` when it was altered, `storage_failed`
 */
export function readModelJson(store: ObjectStore, model: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return readChecked(store, { key: modelJsonKey(model), model, digest: model })
}

/** As `readModelJson`. @param file as that says */
export function readHyperHead(
  store: ObjectStore,
  model: string,
  { sha256 }: HyperHeadFile,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return readChecked(store, { key: hyperHeadKey(model, sha256), model, digest: sha256 })
}

/**
 * Stores a model, in place of what is altered of it. Several may at once: they store the same.
 * @returns the keys whose content was not there, or altered
 * @throws HypershardError `invalid_model` for content with other digests, `storage_full`, `storage_failed`
 */
export async function storeModel(store: ObjectStore, model: string, content: StoredModel): Promise<string[]> {
  const { modelJson, hyperHead } = content
  const files = [{ name: 'model.json', key: modelJsonKey(model), digest: model, bytes: modelJson }]
  if (hyperHead !== undefined) {
    const { sha256, content: bytes } = hyperHead
    files.unshift({ name: 'hyper-head', key: hyperHeadKey(model, sha256), digest: sha256, bytes })
  }
  for (const { name, digest, bytes } of files) if ((await sha256Of(bytes)) !== digest) throw ofAnother(model, name)
  const written: string[] = []
  for (const { key, bytes } of files) {
    const stored = await store.get(key)
    if (stored !== undefined && Buffer.compare(stored, bytes) === 0) continue
    await store.put(key, bytes)
    written.push(key)
  }
  return written
}

async function readChecked(
  store: ObjectStore,
  { key, model, digest }: { key: string; model: string; digest: string },
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = await store.get(key)
  if (bytes === undefined || (await sha256Of(bytes)) === digest) return bytes
  const message =
    `model ${shortDigest(model)}: ${key} is altered (its SHA-256 is not its name); a coordinator stores it again while ` +
    'the encoder service has the model'
  throw new HypershardError('corrupt_data', message, { details: { model, key } })
}

function ofAnother(model: string, file: string): HypershardError {
  const message = `model ${shortDigest(model)}: this ${file} is another model's; its directory was changed, put it back`
  return new HypershardError('invalid_model', message, { details: { model } })
}

/** Off the thread that asks: a hyper-head may be a hundred megabytes. */
async function sha256Of(bytes: Uint8Array): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)).toString('hex')
}
