export * from './eventually.ts'
export * from './fake-encoder.ts'
export * from './free-port.ts'
export * from './random.ts'
