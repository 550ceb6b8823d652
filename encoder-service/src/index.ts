export type { BatcherStatistics } from './batching/dynamic-batcher.ts'
export { type EncoderServiceConfig, encoderServiceConfig } from './config.ts'
export { EncodingModel } from './encoding/encoding-model.ts'
export { type RunningEncoderService, startEncoderService } from './start-encoder-service.ts'
