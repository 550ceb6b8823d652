import { type Deadline, waitWithin } from '@hypershard/common'
import {
  type Manifest,
  type ManifestReference,
  type ObjectStore,
  readManifest,
  readRangeSample,
} from '@hypershard/storage'
import { LRUCache } from 'lru-cache'

/** Range samples kept, of some hundred KB at most: every int8 query needs its generation's. */
const rangeSamplesMax = 16
/** Manifests kept parsed. */
const manifestsMax = 64

/** What queries need of a generation besides its segments: read once, and again after it could not be read. */
export class GenerationFiles {
  readonly #store: ObjectStore
  readonly #manifests = new LRUCache<string, Promise<Manifest>>({ max: manifestsMax })
  readonly #rangeSamples = new LRUCache<string, Promise<Float32Array>>({ max: rangeSamplesMax })

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
  rangeSample(manifest: Manifest, deadline: Deadline): Promise<Float32Array> {
    const key = `${manifest.indexUid}/${manifest.generation}/${manifest.calibration?.digest}`
    const reading = readOnce(this.#rangeSamples, key, () => readRangeSample(this.#store, manifest))
    return waitWithin(reading, deadline, 'reading the range sample')
  }
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
