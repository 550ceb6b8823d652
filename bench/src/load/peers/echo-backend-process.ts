/** Stands where a shard server stands, and computes nothing. */
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js'
import { plainCredentials, startGrpcServer } from '@hypershard/common/grpc'
import { echoService } from './echo-service.ts'

const server = await startGrpcServer({
  address: '127.0.0.1:0',
  credentials: plainCredentials.server,
  services: [
    {
      definition: echoService,
      implementation: {
        echo: (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => answer(null, call.request),
      },
    },
  ],
  protoFiles: [],
  protoDirectory: '.',
  drainMs: 0,
})
process.on('disconnect', () => process.exit())
process.send!({ address: server.address })
