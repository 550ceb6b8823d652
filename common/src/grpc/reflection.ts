import type { Server, ServiceDefinition, UntypedHandleCall, UntypedServiceImplementation } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { ReflectionService } from '@grpc/reflection'

export interface ReflectedFiles {
  /** The `.proto` files of the services. */
  readonly protoFiles: readonly string[]
  /** Where their imports start from. */
  readonly protoDirectory: string
}

/** Clients ask for the newer, and for the older where there is no newer. */
const paths = ['v1', 'v1alpha'].map(version => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`)

/** One version of the service: how its messages are read and written, and what answers. */
interface ReflectionMethod {
  readonly definition: ServiceDefinition[string]
  readonly handle: UntypedHandleCall
}

/**
 * Adds the standard reflection service to a server. The `.proto` files are read when somebody first asks: hardly anyone
 * does, and reading and indexing them takes 0.1 s of processor time. Where they cannot be read then, that
 * call fails.
 */
export function addReflection(server: Pick<Server, 'addService'>, files: ReflectedFiles): void {
  let methods: ReadonlyMap<string, ReflectionMethod> | undefined
  const methodAt = (path: string) => {
    methods ??= readMethods(files)
    return methods.get(path)!
  }
  for (const path of paths) {
    const definition = {
      path,
      requestStream: true,
      responseStream: true,
      requestSerialize: (request: unknown) => methodAt(path).definition.requestSerialize(request),
      requestDeserialize: (bytes: Buffer) => methodAt(path).definition.requestDeserialize(bytes),
      responseSerialize: (answer: unknown) => methodAt(path).definition.responseSerialize(answer),
      responseDeserialize: (bytes: Buffer) => methodAt(path).definition.responseDeserialize(bytes),
    }
    const handle = (call: unknown) => (methodAt(path).handle as (call: unknown) => void)(call)
    server.addService({ ServerReflectionInfo: definition }, { ServerReflectionInfo: handle as UntypedHandleCall })
  }
}

/** By path: what the library would add to a server. */
function readMethods({ protoFiles, protoDirectory }: ReflectedFiles): Map<string, ReflectionMethod> {
  const definitions = loadSync([...protoFiles], { includeDirs: [protoDirectory], keepCase: true })
  const methods = new Map<string, ReflectionMethod>()
  const addService = (service: ServiceDefinition, implementation: UntypedServiceImplementation) => {
    for (const [name, definition] of Object.entries(service)) {
      methods.set(definition.path, { definition, handle: implementation[name]! })
    }
  }
  new ReflectionService(definitions).addToServer({ addService } as Server)
  return methods
}
