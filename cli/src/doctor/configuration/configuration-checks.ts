import type { Check } from '../check.ts'
import { certificatesGood } from './certificates-good.ts'
import { containerLimits } from './container-limits.ts'
import { diskRoom } from './disk-room.ts'
import { exposure } from './exposure.ts'
import { openFiles } from './open-files.ts'
import { peersReachable } from './peers-reachable.ts'
import { portsFree } from './ports-free.ts'
import type { Configuration } from './read-configuration.ts'
import { redisReady } from './redis-ready.ts'
import { secretsPrivate } from './secrets-private.ts'
import { settingsRead } from './settings-read.ts'
import { storeClock } from './store-clock.ts'
import { storeConditions } from './store-conditions.ts'

/** What is asked of the settings of one process, on the machine where it is to run. */
export const configurationChecks: readonly Check<Configuration>[] = [
  settingsRead,
  storeConditions,
  storeClock,
  redisReady,
  portsFree,
  peersReachable,
  exposure,
  certificatesGood,
  secretsPrivate,
  openFiles,
  diskRoom,
  containerLimits,
]
