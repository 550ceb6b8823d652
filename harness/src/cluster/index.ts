export * from './fake-programs.ts'
export * from './test-cluster.ts'
