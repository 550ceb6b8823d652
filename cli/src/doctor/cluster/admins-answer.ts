import { type Check, type Finding, ok, problem } from '../check.ts'
import type { AdminFacts } from './ask-admin.ts'
import type { ClusterFacts } from './gather-cluster.ts'

/** Every process whose admin listener is named lives and is ready. */
export const adminsAnswer: Check<ClusterFacts> = {
  name: 'admin listeners',
  look: ({ admins }) => admins.map(findingOf),
}

function findingOf({ address, alive, notReady }: AdminFacts): Finding {
  if (alive === undefined) {
    const todo = 'start the process, or see that HYPERSHARD_ADMIN_LISTEN and the network let this machine ask it'
    return problem(`${address} does not answer: ${notReady}`, todo)
  }
  if (!alive) return problem(`${address} answers, but not that it is alive`, 'see its log and start it again')
  return notReady === undefined
    ? ok(`${address} is alive and ready`)
    : problem(`${address} is alive and not ready: ${notReady}`, 'mend what it names')
}
