/** Random access to one stored object, for files that are larger than memory or than one buffer may be. */
export interface RangeReader {
  readonly bytes: number
  /**
   * A fresh copy of `length` bytes from `offset`. Calls may overlap in time.
   * @throws HypershardError `storage_failed`, also when the object became shorter since it was opened
   */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>
  close(): Promise<void>
}

export interface StoreSpace {
  readonly freeBytes: number
  readonly totalBytes: number
}

/**
 * The only durable state of a cluster: immutable objects under keys such as `indexes/papers/index.json`. A folder is
 * a key prefix that ends with `/`; the empty prefix is the whole store.
 *
 * Every write is whole or not at all, also through a crash, and durable when its promise resolves. All methods fail
 * with `storage_full` or `storage_failed`; a failed write leaves nothing behind.
 */
export interface ObjectStore {
  /** Creates or replaces: a reader sees the old object or the new one. */
  put(key: string, bytes: Uint8Array): Promise<void>
  /**
   * Creates: of several callers exactly one succeeds. This is the compare-and-set that commits are built on.
   * @throws HypershardError `conflict` when the key exists
   */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<void>
  /** Moves a finished file of the staging directory in. The key must name its content, so an existing one is fine. */
  putFile(key: string, localPath: string): Promise<void>
  /** The whole object, or undefined when there is none. */
  get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>
  /** Undefined when there is no such object. The caller closes the reader. */
  openRange(key: string): Promise<RangeReader | undefined>
  /** Every key under a folder, at any depth, sorted. */
  list(folder: string): Promise<string[]>
  /** The names of the folders directly under a folder, sorted. */
  listFolders(folder: string): Promise<string[]>
  /** Deletes one object; none there is fine. */
  delete(key: string): Promise<void>
  /** Deletes everything under a folder. Not atomic: a crash may leave a part. */
  deletePrefix(folder: string): Promise<void>
  /** Bytes free and bytes in all where the objects lie; undefined where there is no such bound. */
  space(): Promise<StoreSpace | undefined>
  /**
   * A local directory that `putFile` can move files out of. Each writer makes a folder of its own in it and removes
   * that when it is done; what a killed writer left is swept when a store is next opened.
   */
  stagingDirectory(): Promise<string>
}
