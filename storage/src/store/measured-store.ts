import { HypershardError, type Meter, only, quietMeter, unlabelled } from '@hypershard/common'
import { storeMetrics } from './metrics.ts'
import { objectOfKey } from './object-of-key.ts'
import type { ObjectStore, RangeReader } from './object-store.ts'

type Kind = 'get' | 'range' | 'put' | 'put_if_absent' | 'put_file' | 'list' | 'delete' | 'space'

/** Counts and times the requests of one process to a store. */
class StoreCounts {
  readonly #meter
  readonly #requests
  readonly #seconds
  readonly #conflicts
  readonly #readBytes
  readonly #writtenBytes

  constructor(meter: Meter) {
    this.#meter = meter
    this.#requests = meter.counter(storeMetrics.requests)
    this.#seconds = meter.histogram(storeMetrics.seconds)
    this.#conflicts = meter.counter(storeMetrics.conflicts)
    this.#readBytes = meter.counter(storeMetrics.readBytes)
    this.#writtenBytes = meter.counter(storeMetrics.writtenBytes)
  }

  async count<Result>(kind: Kind, request: Promise<Result>): Promise<Result> {
    if (!this.#meter.counting) return request
    const startMs = performance.now()
    let outcome = 'done'
    try {
      const result = await request
      if (result === undefined && (kind === 'get' || kind === 'range')) outcome = 'absent'
      return result
    } catch (error) {
      outcome = error instanceof HypershardError ? error.code : 'internal'
      throw error
    } finally {
      this.#requests.add({ kind, outcome })
      this.#seconds.observe({ kind }, (performance.now() - startMs) / 1_000)
    }
  }

  read(bytes: number): void {
    this.#readBytes.add(unlabelled, bytes)
  }

  written(bytes: number): void {
    this.#writtenBytes.add(unlabelled, bytes)
  }

  conflict(key: string): void {
    this.#conflicts.add({ object: objectOfKey(key) })
  }
}

/**
 * A store that counts what it is asked for. Opening an object and each read of it are a request of kind `range` each.
 * @returns the store itself where nothing will ever be counted
 */
export function measuredStore(store: ObjectStore, meter: Meter): ObjectStore {
  if (meter === quietMeter) return store
  const counts = new StoreCounts(meter)
  meter.read(storeMetrics.freeBytes, async () => only((await store.space())?.freeBytes))
  meter.read(storeMetrics.sizeBytes, async () => only((await store.space())?.totalBytes))
  const write = async (kind: Kind, bytes: Uint8Array, request: Promise<void>) => {
    await counts.count(kind, request)
    counts.written(bytes.byteLength)
  }
  return {
    put: (key, bytes) => write('put', bytes, store.put(key, bytes)),
    putIfAbsent: async (key, bytes) => {
      try {
        await write('put_if_absent', bytes, store.putIfAbsent(key, bytes))
      } catch (error) {
        if (error instanceof HypershardError && error.code === 'conflict') counts.conflict(key)
        throw error
      }
    },
    putFile: (key, localPath) => counts.count('put_file', store.putFile(key, localPath)),
    get: async key => {
      const bytes = await counts.count('get', store.get(key))
      if (bytes !== undefined) counts.read(bytes.byteLength)
      return bytes
    },
    openRange: async key => {
      const reader = await counts.count('range', store.openRange(key))
      return reader && measuredReader(reader, counts)
    },
    list: folder => counts.count('list', store.list(folder)),
    listFolders: folder => counts.count('list', store.listFolders(folder)),
    delete: key => counts.count('delete', store.delete(key)),
    deletePrefix: folder => counts.count('delete', store.deletePrefix(folder)),
    space: () => counts.count('space', store.space()),
    stagingDirectory: () => store.stagingDirectory(),
  }
}

function measuredReader(reader: RangeReader, counts: StoreCounts): RangeReader {
  return {
    bytes: reader.bytes,
    read: async (offset, length) => {
      const bytes = await counts.count('range', reader.read(offset, length))
      counts.read(bytes.byteLength)
      return bytes
    },
    close: () => reader.close(),
  }
}
