/** The encoder service as a process. */
import { runMain } from '@hypershard/service'
import { encoderServiceConfig } from './config.ts'
import { startEncoderService } from './start-encoder-service.ts'

await runMain(process.env, {
  service: 'encoder-service',
  config: encoderServiceConfig,
  ownPrefixes: ['HYPERSHARD_ENCODER_'],
  start: startEncoderService,
})
