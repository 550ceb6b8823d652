/**
 * `calibration/<sha256>.safetensors`: the range sample, a few of a generation's document vectors, one F32 tensor `vectors` of
 * shape [documents, vectorWidth]. Int8 scoring measures on it the ranges over which it quantises, so that every shard and
 * every server quantises alike. Named by its content. Stores call it `calibration`, the folder and the manifest's member: the
 * name is older than the calibration of graphs, which has nothing to do with it. docs/formats/manifest.md.
 */
import { corruptData, shortDigest } from '../../corrupt-data.ts'
import { type GenerationReference, rangeSampleKey } from '../../layout.ts'
import { readAddressedTensor, writeAddressedTensor } from '../../segment/formats/addressed-tensor.ts'
import type { NamedTensor } from '../../segment/formats/tensor-header.ts'
import { firstNonFiniteRow } from '../../segment/vectors-file.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import type { Manifest } from '../manifest.ts'
import { homeOf } from '../manifest-files.ts'

const tensorOf = (documents: number, vectorWidth: number): NamedTensor => ({
  name: 'vectors',
  dtype: 'F32',
  shape: [documents, vectorWidth],
})

/** Stores a sample and returns the file's digest. */
export async function writeRangeSample(
  store: ObjectStore,
  generation: GenerationReference,
  vectors: Float32Array,
  vectorWidth: number,
): Promise<string> {
  const data = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength)
  const tensor = tensorOf(vectors.length / vectorWidth, vectorWidth)
  return writeAddressedTensor(store, tensor, data, digest => rangeSampleKey(generation, digest))
}

/**
 * The sample of a manifest, row-major [documents, vectorWidth]; empty while nothing was committed.
 * @throws HypershardError `corrupt_data`
 */
export async function readRangeSample(store: ObjectStore, manifest: Manifest): Promise<Float32Array<ArrayBuffer>> {
  if (manifest.calibration === null) return new Float32Array(0)
  const { digest, documents } = manifest.calibration
  const key = rangeSampleKey(homeOf(manifest, manifest.calibration), digest)
  const where = `calibration ${shortDigest(digest)}`
  const details = { index: manifest.index, generation: manifest.generation, key }
  const data = await readAddressedTensor(store, tensorOf(documents, manifest.vectorWidth), {
    key,
    digest,
    where,
    details,
  })
  const vectors = new Float32Array(data.buffer)
  const badRow = firstNonFiniteRow(vectors, manifest.vectorWidth)
  if (badRow !== undefined) throw corruptData(where, `${key} has a value that is not finite in row ${badRow}`, details)
  return vectors
}
