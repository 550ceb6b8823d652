import { memoryLimitBytes, processorCount } from '@hypershard/common'
import { formatBytes, formatCount } from '../../terminal/format-number.ts'
import { advice, type Check, type Finding, ok, problem } from '../check.ts'
import type { Configuration } from './read-configuration.ts'

/** The process is told to take no more cores and memory than there are for it here. */
export const containerLimits: Check<Configuration> = {
  name: 'cores and memory',
  look: ({ settings }) => {
    const [cores, bytes] = [processorCount(), memoryLimitBytes()]
    const findings = [...threads(settings, cores), ...memory(settings, bytes)]
    return findings.length > 0
      ? findings
      : [ok(`here are ${formatCount(cores)} cores and ${formatBytes(bytes)} for it`)]
  },
}

function threads(settings: Configuration['settings'], cores: number): Finding[] {
  return (['HYPERSHARD_SHARD_THREADS', 'HYPERSHARD_ENCODER_THREADS'] as const).flatMap(name => {
    const asked = Number(settings[name] ?? 0)
    if (asked <= cores) return []
    const says = `${name} is ${asked}, and the process may use ${cores} cores here: threads wait for each other`
    return [advice(says, `leave it out, or set it to ${cores}`)]
  })
}

function memory(settings: Configuration['settings'], bytes: number): Finding[] {
  const asked = Number(settings.HYPERSHARD_SHARD_MEMORY_BYTES ?? 0)
  if (asked <= bytes) return []
  const says = `HYPERSHARD_SHARD_MEMORY_BYTES is ${formatBytes(asked)}, and there are ${formatBytes(bytes)}: the process would be killed when it fills up`
  return [problem(says, 'leave it out (60 % of what there is), or give it more')]
}
