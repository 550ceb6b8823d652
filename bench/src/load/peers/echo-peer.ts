import { fileURLToPath } from 'node:url'
import type { HttpTarget } from '../client/load-job.ts'
import type { WatchedProcess } from '../measure/take-sample.ts'
import { startProgram } from './start-program.ts'

const programs = {
  backend: fileURLToPath(new URL('./echo-backend-process.ts', import.meta.url)),
  route: fileURLToPath(new URL('./echo-route-process.ts', import.meta.url)),
}

/** A server beside the cluster, with the same work in front and in between as a search has, or a search engine of others. */
export interface Peer {
  readonly to: HttpTarget
  readonly processes: readonly WatchedProcess[]
  stop(): Promise<void>
}

/** A bare fastify route that makes one unary gRPC call to another process. @param answer what it answers, as JSON */
export async function startEchoPeer(answer: string): Promise<Peer> {
  const backend = await startProgram(programs.backend, [])
  const route = await startProgram(programs.route, [backend.address, answer])
  return {
    to: { kind: 'http', origin: route.address, path: '/search' },
    processes: [
      { name: 'coordinator (echo route)', pid: route.pid },
      { name: 'shard-1 (echo backend)', pid: backend.pid, port: Number(backend.address.split(':').at(-1)) },
    ],
    stop: async () => {
      await route.stop()
      await backend.stop()
    },
  }
}
