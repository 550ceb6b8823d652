export * from './eventually.ts'
export * from './fake-encoder.ts'
export * from './fake-shard-server.ts'
export * from './test-coordinator.ts'
