export * from './fake-api.ts'
export * from './serve.ts'
