import { setTimeout as wait } from 'node:timers/promises'
import { readCpu } from '../measure/process-cpu.ts'
import type { WatchedProcess } from '../measure/take-sample.ts'

/** Of a core: an idle cluster takes less, one that merges segments or calibrates takes most of it. */
const busyShare = 0.12
const quietSecondsWanted = 2
const secondsMax = 180

/** Waits until what follows a bulk of documents is done: merging, graphs, calibration, loading. @returns seconds waited */
export async function waitUntilQuiet(processes: readonly Pick<WatchedProcess, 'pid'>[]): Promise<number> {
  const startMs = performance.now()
  const secondsGone = () => (performance.now() - startMs) / 1_000
  for (let quiet = 0; quiet < quietSecondsWanted && secondsGone() < secondsMax; ) {
    const before = processes.map(({ pid }) => secondsOf(pid))
    await wait(1_000)
    const busiest = Math.max(...processes.map(({ pid }, at) => secondsOf(pid) - before[at]!))
    quiet = busiest < busyShare ? quiet + 1 : 0
  }
  return secondsGone()
}

function secondsOf(pid: number | undefined): number {
  const cpu = readCpu(pid)
  return cpu === undefined ? 0 : cpu.main + cpu.threads
}
