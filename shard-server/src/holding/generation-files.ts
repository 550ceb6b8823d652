import { type Deadline, waitWithin } from '@hypershard/common'
import {
  type Manifest,
  type ManifestReference,
  type ObjectStore,
  readManifest,
  readRangeSample,
  readScaleSample,
  scaleSampleOf,
  type VectorSample,
} from '@hypershard/storage'
import { LRUCache } from 'lru-cache'

/** Samples kept, of some hundred KB each: every int8 query and every composed one needs its generation's. */
const samplesMax = 32
/** Manifests kept parsed. */
const manifestsMax = 64

type SharedFloats = Float32Array<SharedArrayBuffer>

/** f32 [rows, width], and what tells it from all others. */
export interface NamedSample {
  readonly key: string
  /** Shared: each task of a query has them. */
  readonly vectors: SharedFloats
}

/** What queries need of a generation besides its segments: read once, and again after it could not be read. */
export class GenerationFiles {
  readonly #store: ObjectStore
  readonly #manifests = new LRUCache<string, Promise<Manifest>>({ max: manifestsMax })
  readonly #samples = new LRUCache<string, Promise<SharedFloats>>({ max: samplesMax })

  constructor(store: ObjectStore) {
    this.#store = store
  }

  /**
   * Reading goes on when the deadline passes, for the next to find.
   * @throws HypershardError `index_not_found`, `corrupt_data`, `deadline_exceeded`
   */
  manifest(reference: ManifestReference, deadline: Deadline): Promise<Manifest> {
    const key = `${reference.indexUid}/${reference.index}/${reference.generation}/${reference.version}`
    const reading = readOnce(this.#manifests, key, () => readManifest(this.#store, reference))
    return waitWithin(reading, deadline, 'reading the manifest')
  }

  /**
   * The document vectors that int8 scoring measures its ranges on, f32 [rows, width]: the same for every shard and server.
   * @throws HypershardError `corrupt_data`, `deadline_exceeded`
   */
  rangeSample(manifest: Manifest, deadline: Deadline): Promise<SharedFloats> {
    const key = sampleKeyOf(manifest, manifest.calibration)
    const reading = readOnce(this.#samples, key, async () => shared(await readRangeSample(this.#store, manifest)))
    return waitWithin(reading, deadline, 'reading the range sample')
  }

  /**
   * The document vectors that make the leaves of a composed query comparable, likewise.
   * @throws HypershardError as `rangeSample`
   */
  async scaleSample(manifest: Manifest, deadline: Deadline): Promise<NamedSample> {
    const key = sampleKeyOf(manifest, scaleSampleOf(manifest))
    const reading = readOnce(this.#samples, key, async () => shared(await readScaleSample(this.#store, manifest)))
    return { key, vectors: await waitWithin(reading, deadline, 'reading the scale sample') }
  }
}

/** By its content: samples change while documents come. */
function sampleKeyOf({ indexUid, generation }: Manifest, sample: VectorSample | null): string {
  return `${indexUid}/${generation}/${sample?.digest}`
}

/** A thread is given what is shared without a copy, which takes as long as a short search for 800 KB. */
function shared(values: Float32Array): SharedFloats {
  const floats = new Float32Array(new SharedArrayBuffer(values.byteLength))
  floats.set(values)
  return floats
}

function readOnce<Value>(
  cache: LRUCache<string, Promise<Value>>,
  key: string,
  read: () => Promise<Value>,
): Promise<Value> {
  const known = cache.get(key)
  if (known !== undefined) return known
  const reading = read()
  cache.set(key, reading)
  reading.catch(() => cache.delete(key))
  return reading
}
