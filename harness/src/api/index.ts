export * from './fake-api.ts'
export * from './fake-cluster.ts'
export * from './serve.ts'
