import { type ClientUnaryCall, makeGenericClientConstructor, type ServiceDefinition } from '@grpc/grpc-js'
import type { ClientClass, UnaryMethod } from '@hypershard/common/grpc'

const asIs = (bytes: Buffer): Buffer => bytes

/** One unary method that gives back the bytes it was sent: what a gRPC call costs when nothing is computed. */
export const echoService = {
  echo: {
    path: '/hypershard.bench.EchoService/Echo',
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  },
} as const satisfies ServiceDefinition

interface EchoClient {
  echo(...call: Parameters<UnaryMethod<Buffer, Buffer>>): ClientUnaryCall
}

export const EchoClient = makeGenericClientConstructor(echoService, 'EchoService') as unknown as ClientClass<EchoClient>
