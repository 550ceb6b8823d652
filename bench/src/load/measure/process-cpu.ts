import { readFileSync } from 'node:fs'

/** Linux counts a process's time in these, on every processor that Node runs on (USER_HZ, proc(5)). */
const ticksPerSecond = 100

/** Seconds of a core that a process has taken since it began. */
export interface CpuSeconds {
  /** By the thread that runs its event loop. */
  readonly main: number
  /** By all others: workers, onnxruntime's, the file system's, the garbage collector's. */
  readonly threads: number
}

/** Undefined where the process has ended, or there is no /proc. */
export function readCpu(pid: number | undefined): CpuSeconds | undefined {
  const all = pid && readSeconds(`/proc/${pid}/stat`)
  const main = pid && readSeconds(`/proc/${pid}/task/${pid}/stat`)
  if (all === undefined || main === undefined || !pid) return undefined
  return { main: Number(main), threads: Math.max(0, Number(all) - Number(main)) }
}

export function cpuBetween(before: CpuSeconds | undefined, after: CpuSeconds | undefined): CpuSeconds | undefined {
  if (before === undefined || after === undefined) return undefined
  return { main: after.main - before.main, threads: Math.max(0, after.threads - before.threads) }
}

function readSeconds(path: string): number | undefined {
  try {
    return cpuSecondsIn(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

/** Fields 14 and 15 of a `stat` file, user and system time; field 2, the name, may have spaces and brackets in it. */
export function cpuSecondsIn(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}
