import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js'
import { loadFileDescriptorSetFromBuffer, loadSync } from '@grpc/proto-loader'
import { connectClient } from '@hypershard/common/grpc'

export const scopes = ['search', 'read', 'write', 'admin'] as const

export type Scope = (typeof scopes)[number]

/** One operation of the OpenAPI document that a coordinator serves. */
export interface Operation {
  readonly id: string
  readonly method: string
  /** As it is declared: `/v1/indexes/{index}`. */
  readonly path: string
  readonly scope: Scope | 'public'
}

export async function servedOperations(url: string): Promise<Operation[]> {
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { operationId: string; security: { key: Scope[] }[] }>>
  }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, security }]) => {
      return { id: operationId, method: method.toUpperCase(), path, scope: security[0]?.key[0] ?? 'public' }
    }),
  )
}

const reflectionProto = new URL(
  '../../node_modules/@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto',
  import.meta.url,
)

interface Reflected {
  readonly listServicesResponse?: { service: { name: string }[] }
  readonly fileDescriptorResponse?: { fileDescriptorProto: Buffer[] }
}

/** The paths of all methods of all services that a gRPC port tells of, such as `/hypershard.v1.SearchService/Search`. */
export async function servedMethods(address: string): Promise<string[]> {
  const loaded = loadPackageDefinition(loadSync(reflectionProto.pathname)) as never as {
    grpc: { reflection: { v1: { ServerReflection: ServiceClientConstructor } } }
  }
  const client = connectClient(loaded.grpc.reflection.v1.ServerReflection, address)
  const call = client.ServerReflectionInfo!()
  const ask = (question: object) =>
    new Promise<Reflected>((resolve, reject) => {
      call.once('data', resolve)
      call.once('error', reject)
      call.write(question)
    })
  try {
    const { listServicesResponse } = await ask({ listServices: '' })
    const methods: string[] = []
    for (const { name } of listServicesResponse!.service) {
      const { fileDescriptorResponse } = await ask({ fileContainingSymbol: name })
      methods.push(...methodsIn(fileDescriptorResponse!.fileDescriptorProto, name))
    }
    return methods
  } finally {
    call.end()
    client.close()
  }
}

/** @param files serialized file descriptors, of which the first has the service */
function methodsIn(files: readonly Buffer[], service: string): string[] {
  // A FileDescriptorSet is field 1, repeated, of file descriptors.
  const set = Buffer.concat(files.flatMap(file => [Buffer.from([0x0a]), varint(file.length), file]))
  const found = (loadFileDescriptorSetFromBuffer(set) as unknown as GrpcObject)[service]
  return Object.values(found as never as Record<string, { path: string }>).map(({ path }) => path)
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 128)
  }
}
