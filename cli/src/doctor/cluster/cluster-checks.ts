import type { Check } from '../check.ts'
import { adminsAnswer } from './admins-answer.ts'
import { clocksAgree } from './clocks-agree.ts'
import { coordinatorsAnswer } from './coordinators-answer.ts'
import { documentsAside } from './documents-aside.ts'
import type { ClusterFacts } from './gather-cluster.ts'
import { logsFollowed } from './logs-followed.ts'
import { memorySuffices } from './memory-suffices.ts'
import { modelsServed } from './models-served.ts'
import { serversLive } from './servers-live.ts'
import { shardsPlaced } from './shards-placed.ts'
import { singlePoints } from './single-points.ts'
import { versionsAgree } from './versions-agree.ts'
import { viewsAgree } from './views-agree.ts'

/** What is asked of a running cluster. */
export const clusterChecks: readonly Check<ClusterFacts>[] = [
  coordinatorsAnswer,
  adminsAnswer,
  serversLive,
  versionsAgree,
  clocksAgree,
  viewsAgree,
  shardsPlaced,
  memorySuffices,
  logsFollowed,
  documentsAside,
  modelsServed,
  singlePoints,
]
