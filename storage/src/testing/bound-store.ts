import type { ObjectStore } from '../store/object-store.ts'

/** A store's operations in an object that others can be spread over. */
export function boundStore(store: ObjectStore): ObjectStore {
  return {
    put: (...it) => store.put(...it),
    putIfAbsent: (...it) => store.putIfAbsent(...it),
    putFile: (...it) => store.putFile(...it),
    get: (...it) => store.get(...it),
    openRange: (...it) => store.openRange(...it),
    list: (...it) => store.list(...it),
    listFolders: (...it) => store.listFolders(...it),
    delete: (...it) => store.delete(...it),
    deletePrefix: (...it) => store.deletePrefix(...it),
    space: () => store.space(),
    stagingDirectory: () => store.stagingDirectory(),
  }
}
