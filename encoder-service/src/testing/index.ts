/** Models for tests: small, random, whole. */
export { type TinyModel, type TinyModelOptions, tinyArchitecture, writeTinyModel } from './write-tiny-model.ts'
