export * from './otlp-receiver.ts'
export * from './recording-tracer.ts'
export * from './seen-span.ts'
