/** Certificates for tests, made while they run. */
export * from './test-certificates.ts'
