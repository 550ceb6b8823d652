import {
  type ChannelOptions,
  Server,
  type ServerCredentials,
  type ServerInterceptor,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { HealthImplementation } from 'grpc-health-check'
import { HypershardError, messageOf } from '../errors/hypershard-error.ts'
import { serverOptions } from './channel-options.ts'
import { addReflection } from './reflection.ts'

export interface GrpcServerOptions {
  /** `host:port`; port 0 takes a free one. */
  readonly address: string
  /** What it proves itself with and asks of callers, see `ProcessCredentials`. */
  readonly credentials: ServerCredentials
  /** Limits of connections and messages; those between processes when left out. */
  readonly limits?: ChannelOptions
  readonly services: readonly { definition: ServiceDefinition; implementation: UntypedServiceImplementation }[]
  /** For reflection: the `.proto` files of the services, and the directory their imports start from. */
  readonly protoFiles: readonly string[]
  readonly protoDirectory: string
  /** How long calls under way may take to end when the server stops. */
  readonly drainMs: number
  /** Run before every call is read, those of health and reflection too. */
  readonly interceptors?: readonly ServerInterceptor[]
}

/** A gRPC server with the standard health and reflection services beside its own. */
export interface GrpcServer {
  /** `host:port` with the port really taken. */
  readonly address: string
  /** What the health service answers: for one service by its name, or for the whole server and all of them. */
  setServing(serving: boolean, service?: string): void
  /** Stops taking calls, lets those under way end for up to `drainMs`, then cuts them off. */
  stop(): Promise<void>
}

/**
 * Starts the server; it is healthy from the start unless the caller says otherwise with `setServing`.
 * @throws HypershardError `address_in_use`
 */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const limits = options.limits ?? serverOptions
  const server = new Server({ ...limits, interceptors: [...(options.interceptors ?? [])] })
  for (const service of options.services) server.addService(service.definition, service.implementation)
  const names = ['', ...options.services.map(service => serviceNameOf(service.definition))]
  const health = new HealthImplementation(Object.fromEntries(names.map(name => [name, 'SERVING' as const])))
  health.addToServer(server)
  addReflection(server, options)

  const port = await bind(server, options.address, options.credentials)
  return {
    address: `${options.address.slice(0, options.address.lastIndexOf(':'))}:${port}`,
    setServing: (serving, service) => {
      for (const name of service === undefined ? names : [service])
        health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING')
    },
    stop: () => drain(server, options.drainMs),
  }
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port)
      else {
        const message = `cannot listen on ${address}: ${messageOf(error)}; free the port or choose another`
        reject(new HypershardError('address_in_use', message, { details: { address }, cause: error }))
      }
    })
  })
}

function drain(server: Server, drainMs: number): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(() => server.forceShutdown(), drainMs)
    server.tryShutdown(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

function serviceNameOf(definition: ServiceDefinition): string {
  const method = Object.values(definition)[0]
  if (method === undefined) return ''
  return method.path.split('/')[1] ?? ''
}
