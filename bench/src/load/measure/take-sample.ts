import type { LoadClient } from '../client/load-client.ts'
import type { LoadJob } from '../client/load-job.ts'
import type { Sample } from './measurement.ts'
import { type CpuSeconds, cpuBetween, readCpu } from './process-cpu.ts'
import { readSocketBytes, type SocketBytes } from './socket-bytes.ts'

/** A process whose CPU time is told, and whose connections are counted if it listens at a port. */
export interface WatchedProcess {
  readonly name: string
  readonly pid: number | undefined
  readonly port?: number | undefined
}

interface Meters {
  readonly cpu: ReadonlyMap<string, CpuSeconds | undefined>
  readonly sockets: Promise<ReadonlyMap<number, SocketBytes> | undefined>
}

/** One measured time, with the meters of the target's processes read where it begins and where it ends. */
export async function takeSample(
  client: LoadClient,
  job: LoadJob,
  { processes, until }: { readonly processes: readonly WatchedProcess[]; readonly until?: Promise<unknown> },
): Promise<Sample> {
  const read = (): Meters => ({
    cpu: new Map(processes.map(({ name, pid }) => [name, readCpu(pid)])),
    sockets: processes.some(({ port }) => port !== undefined) ? readSocketBytes() : Promise.resolve(undefined),
  })
  let begin: Meters | undefined
  let end: Meters | undefined
  const result = await client.run(job, {
    onBegin: () => {
      begin = read()
    },
    onEnd: () => {
      end = read()
    },
    ...(until === undefined ? {} : { until }),
  })
  const cpu = processes.flatMap(({ name }) => {
    const taken = cpuBetween(begin?.cpu.get(name), end?.cpu.get(name))
    return taken === undefined ? [] : [[name, taken] as const]
  })
  return {
    result,
    cpu: Object.fromEntries(cpu),
    internal: internalBytes(processes, await begin?.sockets, await end?.sockets),
  }
}

function internalBytes(
  processes: readonly WatchedProcess[],
  before: ReadonlyMap<number, SocketBytes> | undefined,
  after: ReadonlyMap<number, SocketBytes> | undefined,
): Record<string, SocketBytes> | null {
  if (before === undefined || after === undefined) return null
  const counted = processes.flatMap(({ name, port }) => {
    if (port === undefined) return []
    const [from, to] = [before.get(port), after.get(port)]
    const grown = (field: keyof SocketBytes) => Math.max(0, (to?.[field] ?? 0) - (from?.[field] ?? 0))
    return [[name, { toServer: grown('toServer'), fromServer: grown('fromServer') }] as const]
  })
  return Object.fromEntries(counted)
}
