import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import {
  type ControlGroup,
  type ControlGroupPlaces,
  controlGroupsAround,
  controlGroupsOfThisProcess,
  readTextIfThere,
} from './control-groups.ts'

/** Where the system tells; another place in tests. */
export interface ProcessorSources extends ControlGroupPlaces {
  /** What Node knows: the cores that this process may run on, by its affinity and so by its cpuset. */
  readonly available: () => number
}

const ofThisProcess: ProcessorSources = { ...controlGroupsOfThisProcess, available: availableParallelism }

/**
 * How many threads can compute here at a time without one standing in another's way: the cores that this process may run
 * on, or fewer where a control group (a container) around it allows less time. Of a part of a core nothing is counted,
 * but one thread there always is: with a limit of 2.5 cores a third thread would use up the others' time, the system
 * would then stop them all for the rest of each 100 ms, and a query waits for its slowest thread.
 *
 * Node 24 knows the limit of version 2, and of version 1 only where `cpu` and `cpuacct` are one mount; it does not look
 * where both versions are mounted, nor at the mount's root where a container's path is that of the machine.
 */
export function processorCount(sources: ProcessorSources = ofThisProcess): number {
  const limits = controlGroupsAround('cpu', sources).map(coresOf)
  return Math.max(1, Math.min(sources.available(), ...limits.map(Math.floor)))
}

/** Processor time a group may use each period, in periods. */
function coresOf({ version, folder }: ControlGroup): number {
  const read = (file: string) => (readTextIfThere(join(folder, file)) ?? '').trim()
  const [quota, period] =
    version === 2 ? read('cpu.max').split(/\s+/) : [read('cpu.cfs_quota_us'), read('cpu.cfs_period_us')]
  const cores = Number(quota) / Number(period)
  // `max` is no number, and version 1 says none with -1.
  return Number.isFinite(cores) && cores > 0 ? cores : Number.POSITIVE_INFINITY
}
