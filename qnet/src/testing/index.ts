export * from './naive-qnet.ts'
export * from './pseudo-random.ts'
