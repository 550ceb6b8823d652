import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { HttpTarget } from '../client/load-job.ts'
import type { WatchedProcess } from '../measure/take-sample.ts'

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
  const backend = await start(programs.backend, [])
  const route = await start(programs.route, [backend.address, answer])
  return {
    to: { kind: 'http', origin: route.address, path: '/search' },
    processes: [
      { name: 'coordinator (echo route)', pid: route.child.pid },
      { name: 'shard-1 (echo backend)', pid: backend.child.pid, port: Number(backend.address.split(':').at(-1)) },
    ],
    stop: async () => {
      for (const { child } of [route, backend]) {
        const exited = once(child, 'exit')
        child.disconnect()
        await exited
      }
    },
  }
}

async function start(program: string, args: readonly string[]): Promise<{ child: ChildProcess; address: string }> {
  const child = fork(program, [...args], { execArgv: [] })
  const [message] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error(`${program} could not start`)
    }),
  ])
  return { child, address: (message as { address: string }).address }
}
