export * from './memory-store.ts'
export * from './small-disk.ts'
export * from './store-with-space.ts'
export * from './temporary-store.ts'
