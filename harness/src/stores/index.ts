export * from './small-disk.ts'
export * from './temporary-store.ts'
