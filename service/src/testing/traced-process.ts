/** A process of no use that traces one step, for tests of what every process does. It ends when it is told to. */
import { serviceConfig } from '@hypershard/common'
import { runMain } from '../run-main.ts'

await runMain(process.env, {
  service: 'sample',
  config: serviceConfig,
  ownPrefixes: [],
  start: async (_config, { tracer }) => {
    tracer.start('step', { kind: 'server' }).end()
    return { addresses: {}, stop: async () => {} }
  },
})
