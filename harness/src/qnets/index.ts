export * from './naive-qnet.ts'
export * from './pseudo-random.ts'
export * from './published-architecture.ts'
export * from './tiny-graphs.ts'
export {
  type TinyCrossEncoderOptions,
  type TinyModel,
  type TinyModelOptions,
  tinyArchitecture,
  writeTinyCrossEncoder,
  writeTinyModel,
} from './write-tiny-model.ts'
