/** gRPC plumbing, apart from the rest: threads that answer no call need not load it. */
export * from './call.ts'
export * from './channel-options.ts'
export * from './credentials.ts'
export * from './error-translation.ts'
export * from './handlers.ts'
export { requestIdHeader } from './request-metadata.ts'
export * from './server.ts'
