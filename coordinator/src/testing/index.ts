export * from './fake-shard-server.ts'
export * from './test-coordinator.ts'
