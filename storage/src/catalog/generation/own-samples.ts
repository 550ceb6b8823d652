/**
 * `samples/<number>-<q-nets>-<digest>.safetensors`: q-nets of users that graphs of a generation without a model are calibrated
 * with, one F32 tensor `qnets` of shape [q-nets, weights of each], as the weights form has them. The highest number counts; it
 * has 0 q-nets where none are to be used any more. docs/formats/generation.md.
 */
import { shortDigest } from '../../corrupt-data.ts'
import { type GenerationReference, ownSamplesFolder, ownSamplesKey, ownSamplesOfKey } from '../../layout.ts'
import { readAddressedTensor, writeAddressedTensor } from '../../segment/formats/addressed-tensor.ts'
import type { NamedTensor } from '../../segment/formats/tensor-header.ts'
import type { ObjectStore } from '../../store/object-store.ts'

export interface OwnSamples {
  readonly number: number
  readonly qnets: number
  /** SHA-256 of the file. */
  readonly digest: string
}

/** Besides the newest, one that somebody may be reading. */
const keptFiles = 2

const f32Bytes = Float32Array.BYTES_PER_ELEMENT

/** @returns undefined where there are none, or are to be none any more */
export async function newestOwnSamples(
  store: ObjectStore,
  generation: GenerationReference,
): Promise<OwnSamples | undefined> {
  const newest = await newestFile(store, generation)
  return newest?.qnets === 0 ? undefined : newest
}

/** @param weights of each q-net, in f32; none takes back those that there are */
export async function writeOwnSamples(
  store: ObjectStore,
  generation: GenerationReference,
  weights: readonly Uint8Array[],
): Promise<void> {
  const number = ((await newestFile(store, generation))?.number ?? 0) + 1
  const qnets = weights.length
  const tensor = tensorOf({ qnets }, (weights[0]?.length ?? 0) / f32Bytes)
  const keyOf = (digest: string) => ownSamplesKey(generation, { number, qnets, digest })
  await writeAddressedTensor(store, tensor, Buffer.concat(weights), keyOf)
  const keys = await store.list(ownSamplesFolder(generation))
  for (const old of keys.slice(0, -keptFiles)) await store.delete(old)
}

/**
 * The weights of each q-net, in f32.
 * @param parameters how many each has
 * @throws HypershardError `corrupt_data`
 */
export async function readOwnSamples(
  store: ObjectStore,
  generation: GenerationReference,
  samples: OwnSamples,
  parameters: number,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const { qnets, digest } = samples
  const key = ownSamplesKey(generation, samples)
  const file = { key, digest, where: `sample q-nets ${shortDigest(digest)}`, details: { ...generation, key } }
  const bytes = await readAddressedTensor(store, tensorOf(samples, parameters), file)
  const each = parameters * f32Bytes
  return Array.from({ length: qnets }, (_, at) => bytes.slice(at * each, (at + 1) * each))
}

/** What another generation with the same vectors begins with. */
export async function copyOwnSamples(
  store: ObjectStore,
  from: GenerationReference,
  to: GenerationReference,
): Promise<void> {
  const samples = await newestOwnSamples(store, from)
  const bytes = samples && (await store.get(ownSamplesKey(from, samples)))
  if (samples === undefined || bytes === undefined) return
  await store.put(ownSamplesKey(to, { ...samples, number: 1 }), bytes)
}

async function newestFile(store: ObjectStore, generation: GenerationReference): Promise<OwnSamples | undefined> {
  const key = (await store.list(ownSamplesFolder(generation))).at(-1)
  return key === undefined ? undefined : ownSamplesOfKey(key)
}

function tensorOf({ qnets }: Pick<OwnSamples, 'qnets'>, parameters: number): NamedTensor {
  return { name: 'qnets', dtype: 'F32', shape: [qnets, parameters] }
}
