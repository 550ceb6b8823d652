/**
 * What a thread needs that only reads models of the store, without the segments, manifests and records of the package: those
 * take most of the time that such a thread takes to start.
 */
export type { ObjectStore } from '../store/object-store.ts'
export { openObjectStore } from '../store/open-object-store.ts'
export { readHyperHead, readModelJson } from './stored-model.ts'
