import type { ObjectStore, StoreSpace } from '@hypershard/storage'

/** The store, on a disk with this much space. */
export function storeWithSpace(store: ObjectStore, space: () => StoreSpace | undefined): ObjectStore {
  const own = async () => space()
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'space') return own
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
