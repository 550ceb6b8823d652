import type { ObjectStore } from '../store/object-store.ts'
import { newsOfKey } from './news-of-key.ts'

/**
 * A store that tells which objects it has made durable that somebody may wait for, and which index is gone. All that
 * changes in a cluster is an object under a key that says what it is, so that no flow need tell anything itself.
 * @param tell returns at once and never throws
 */
export function announcingStore(store: ObjectStore, tell: (key: string) => void): ObjectStore {
  const told = async (key: string, change: Promise<void>) => {
    await change
    if (newsOfKey(key) !== undefined) tell(key)
  }
  return {
    put: (key, bytes) => told(key, store.put(key, bytes)),
    putIfAbsent: (key, bytes) => told(key, store.putIfAbsent(key, bytes)),
    // Of what is deleted one by one only an index's record is news: the rest is what nobody needs any more.
    delete: async key => {
      await store.delete(key)
      if (newsOfKey(key)?.kind === 'index') tell(key)
    },
    putFile: (key, localPath) => store.putFile(key, localPath),
    get: key => store.get(key),
    openRange: key => store.openRange(key),
    list: folder => store.list(folder),
    listFolders: folder => store.listFolders(folder),
    deletePrefix: folder => store.deletePrefix(folder),
    space: () => store.space(),
    stagingDirectory: () => store.stagingDirectory(),
  }
}
