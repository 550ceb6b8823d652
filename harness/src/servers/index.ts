export * from './dns-server.ts'
export * from './redis-server.ts'
export * from './s3-server.ts'
export * from './slow-link.ts'
