/**
 * `calibration/<sha256>.safetensors`: a small sample of a generation's document vectors, one F32 tensor `vectors` of shape
 * [documents, vectorWidth]. Int8 scoring measures on it the ranges over which it quantises, so that every shard and
 * every server quantises alike. Named by its content. docs/formats/manifest.md.
 */
import { hash } from 'node:crypto'
import { corruptData, decodeStored, shortDigest } from '../corrupt-data.ts'
import { checkTensorHeader, encodeTensorHeader, type Tensor } from '../formats/safetensors.ts'
import { calibrationKey, type GenerationReference } from '../layout.ts'
import type { Manifest } from '../manifest/manifest.ts'
import { firstNonFiniteRow } from '../segment/vectors-file.ts'
import type { ObjectStore } from '../store/object-store.ts'

const tensorName = 'vectors'

const tensorOf = (documents: number, vectorWidth: number): Tensor => ({ dtype: 'F32', shape: [documents, vectorWidth] })

/** Stores a sample and returns the file's digest. */
export async function writeCalibration(
  store: ObjectStore,
  generation: GenerationReference,
  vectors: Float32Array,
  vectorWidth: number,
): Promise<string> {
  const header = encodeTensorHeader(tensorName, tensorOf(vectors.length / vectorWidth, vectorWidth))
  const data = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength)
  const file = Buffer.concat([header, data])
  const digest = hash('sha256', file, 'hex')
  await store.put(calibrationKey(generation, digest), file)
  return digest
}

/**
 * The sample of a manifest, row-major [documents, vectorWidth]; empty while nothing was committed.
 * @throws HypershardError `corrupt_data`
 */
export async function readCalibration(store: ObjectStore, manifest: Manifest): Promise<Float32Array<ArrayBuffer>> {
  if (manifest.calibration === null) return new Float32Array(0)
  const { digest, documents } = manifest.calibration
  const key = calibrationKey(manifest, digest)
  const where = `calibration ${shortDigest(digest)}`
  const details = { index: manifest.index, generation: manifest.generation, key }
  const file = await store.get(key)
  if (file === undefined) throw corruptData(where, `${key} is missing`, details)
  if (hash('sha256', file, 'hex') !== digest) {
    throw corruptData(where, `${key} is altered (its SHA-256 is not its name)`, details)
  }
  const expected = { name: tensorName, ...tensorOf(documents, manifest.vectorWidth) }
  const { dataStart } = decodeStored(where, key, details, () => checkTensorHeader(file, file.length, expected))
  const vectors = new Float32Array(new Uint8Array(file.subarray(dataStart)).buffer)
  const badRow = firstNonFiniteRow(vectors, manifest.vectorWidth)
  if (badRow !== undefined) throw corruptData(where, `${key} has a value that is not finite in row ${badRow}`, details)
  return vectors
}
