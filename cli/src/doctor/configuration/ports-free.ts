import { createServer } from 'node:net'
import { systemErrorCode } from '@hypershard/common'
import { type Check, type Finding, ok, problem } from '../check.ts'
import type { Configuration } from './read-configuration.ts'

/** Where the process would listen, nobody else does, and it may. */
export const portsFree: Check<Configuration> = {
  name: 'ports',
  look: async ({ settings }) => {
    const listening = Object.entries(settings).filter(
      ([name, value]) => name.endsWith('_LISTEN') && value !== undefined,
    )
    const found = await Promise.all(listening.map(([name, address]) => tryPort(name, String(address))))
    return [...found, ...twice(listening)]
  },
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'ports below 1024 need a privilege',
  ENOTFOUND: 'there is no host of that name',
}

async function tryPort(name: string, address: string): Promise<Finding> {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  const server = createServer()
  const tried = Promise.withResolvers<Finding>()
  server.once('error', error => {
    const code = systemErrorCode(error) ?? ''
    const says = `${name}: cannot listen on ${address}: ${reasons[code] ?? error.message}`
    tried.resolve(problem(says, 'choose another, or end what listens there; fine if that is this very process'))
  })
  server.listen({ host, port: Number(address.slice(colon + 1)) }, () => {
    server.close(() => tried.resolve(ok(`${name}: ${address} is free`)))
  })
  return tried.promise
}

/** Two listeners of one process cannot share a port. */
function twice(listening: readonly (readonly [string, unknown])[]): Finding[] {
  const byAddress = Map.groupBy(listening, ([, address]) => String(address))
  return [...byAddress].flatMap(([address, names]) =>
    names.length < 2 || address.endsWith(':0')
      ? []
      : [problem(`${names.map(([name]) => name).join(' and ')} are both ${address}`, 'give each a port of its own')],
  )
}
