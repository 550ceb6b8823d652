/**
 * `calibration/<sha256>.safetensors`: a sample of a generation's document vectors, one F32 tensor `vectors` of shape
 * [documents, vectorWidth]. On the *range sample* int8 scoring measures the ranges over which it quantises, and on the
 * *scale sample* the leaves of a composed query are made comparable, so that every shard and every server does both alike.
 * Named by its content. Stores call the range sample `calibration`, the folder and the manifest's member: the name is older
 * than the calibration of graphs, which has nothing to do with it. docs/formats/manifest.md.
 */
import { corruptData, shortDigest } from '../../corrupt-data.ts'
import { type GenerationReference, rangeSampleKey } from '../../layout.ts'
import { readAddressedTensor, writeAddressedTensor } from '../../segment/formats/addressed-tensor.ts'
import type { NamedTensor } from '../../segment/formats/tensor-header.ts'
import { firstNonFiniteRow } from '../../segment/vectors-file.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import type { Manifest, VectorSample } from '../manifest.ts'
import { homeOf } from '../manifest-files.ts'

const tensorOf = (documents: number, vectorWidth: number): NamedTensor => ({
  name: 'vectors',
  dtype: 'F32',
  shape: [documents, vectorWidth],
})

/** Stores a sample and returns the file's digest. */
export async function writeSample(
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
 * The range sample of a manifest, row-major [documents, vectorWidth]; empty while nothing was committed.
 * @throws HypershardError `corrupt_data`
 */
export function readRangeSample(store: ObjectStore, manifest: Manifest): Promise<Float32Array<ArrayBuffer>> {
  return readSample(store, manifest, manifest.calibration)
}

/** The scale sample likewise; of a generation without one, its range sample. */
export function readScaleSample(store: ObjectStore, manifest: Manifest): Promise<Float32Array<ArrayBuffer>> {
  return readSample(store, manifest, scaleSampleOf(manifest))
}

/** What the leaves of a composed query are made comparable on. */
export function scaleSampleOf({ scaleSample, calibration }: Manifest): VectorSample | null {
  return scaleSample ?? calibration
}

/** @param sample of the manifest; null for none, which is empty */
export async function readSample(
  store: ObjectStore,
  manifest: Manifest,
  sample: VectorSample | null,
): Promise<Float32Array<ArrayBuffer>> {
  if (sample === null) return new Float32Array(0)
  const { digest, documents } = sample
  const key = rangeSampleKey(homeOf(manifest, sample), digest)
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
