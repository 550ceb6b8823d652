import { totalmem } from 'node:os'
import { join } from 'node:path'
import {
  type ControlGroup,
  type ControlGroupPlaces,
  controlGroupsAround,
  controlGroupsOfThisProcess,
  readTextIfThere,
} from './control-groups.ts'

/** Where the system tells; another place in tests. */
export interface MemorySources extends ControlGroupPlaces {
  readonly totalBytes: () => number
  /** What Node knows of a limit; 0, or more than the machine has, for none. */
  readonly constrainedBytes: () => number
}

const ofThisProcess: MemorySources = {
  ...controlGroupsOfThisProcess,
  totalBytes: totalmem,
  constrainedBytes: () => process.constrainedMemory(),
}

/**
 * What this process may use of the machine's memory, in bytes: all of it, or what the tightest control group around it
 * allows. A container sees the memory of its whole machine, and is killed for using more than its own share. Node looks
 * at one group; the ones around it bind as well.
 */
export function memoryLimitBytes(sources: MemorySources = ofThisProcess): number {
  const constrained = sources.constrainedBytes()
  const limits = controlGroupsAround('memory', sources).map(limitBytesOf)
  return Math.min(sources.totalBytes(), constrained > 0 ? constrained : Number.POSITIVE_INFINITY, ...limits)
}

function limitBytesOf({ version, folder }: ControlGroup): number {
  const file = version === 2 ? 'memory.max' : 'memory.limit_in_bytes'
  const limit = Number(readTextIfThere(join(folder, file)) ?? Number.NaN)
  // `max` is no number, and version 1 says none with a huge one.
  return Number.isFinite(limit) && limit > 0 ? limit : Number.POSITIVE_INFINITY
}
