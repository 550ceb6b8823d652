import { readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ip } from './run-ip.ts'

/** Namespaces, interfaces and the folder of a network begin so: with the process that made it. */
export const prefixOf = (pid: number): string => `hs${pid}-`

const pidOf = (name: string): number | undefined => {
  const digits = /^hs(\d+)-/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** Removes the networks of processes that ended before they could: what runs in them, namespaces, interfaces, files. */
export async function sweepHosts(): Promise<void> {
  const left = (name: string) => {
    const pid = pidOf(name)
    return pid !== undefined && !isAlive(pid)
  }
  const { namespaces, interfaces } = await hostNames(left)
  for (const namespace of namespaces) await removeNamespace(namespace)
  for (const name of interfaces) {
    // The other end of a pair goes with the one.
    await ip('link', 'del', name).catch(() => undefined)
  }
  for (const name of readdirSync(tmpdir()).filter(left)) rmSync(join(tmpdir(), name), { recursive: true, force: true })
}

/** The namespaces of all networks on this machine, and their interfaces outside of those. */
export async function hostNames(
  wanted: (name: string) => boolean = name => pidOf(name) !== undefined,
): Promise<{ namespaces: string[]; interfaces: string[] }> {
  const lines = (await ip('netns', 'list')).split('\n')
  const links = JSON.parse(await ip('-j', 'link', 'show')) as { ifname: string }[]
  return {
    namespaces: lines.map(line => line.split(' ', 1)[0]!).filter(wanted),
    interfaces: links.map(({ ifname }) => ifname).filter(wanted),
  }
}

/** Ends all processes in a namespace and removes it. */
export async function removeNamespace(namespace: string): Promise<void> {
  for (const pid of await processesIn(namespace)) signal(pid, 'SIGKILL')
  await ip('netns', 'del', namespace)
}

export async function processesIn(namespace: string): Promise<number[]> {
  return (await ip('netns', 'pids', namespace)).split('\n').filter(Boolean).map(Number)
}

/** A process that has just ended is nobody's mistake. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
