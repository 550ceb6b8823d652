export * from './naive-qnet.ts'
export * from './pseudo-random.ts'
export * from './published-architecture.ts'
