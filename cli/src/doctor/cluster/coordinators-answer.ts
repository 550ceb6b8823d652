import { type Check, type Finding, ok, problem, unchecked } from '../check.ts'
import type { ClusterFacts, CoordinatorFacts } from './gather-cluster.ts'

/** Every coordinator that is named answers, is ready, and may be asked. */
export const coordinatorsAnswer: Check<ClusterFacts> = {
  name: 'coordinators',
  look: ({ coordinators }) => coordinators.flatMap(findingsOf),
}

function findingsOf({ url, greeting, notReady, cluster, failure }: CoordinatorFacts): Finding[] {
  if (greeting === undefined) {
    return [problem(`${url}: ${failure ?? 'no answer'}`, 'start it, or name the right address with --url')]
  }
  const ready =
    notReady === undefined
      ? ok(`${url} is ready (version ${greeting.version})`)
      : problem(`${url} is not ready: ${notReady}`, 'mend what it names; searches of those shards fail until then')
  if (cluster !== undefined) return [ready]
  const todo = 'use a key with the scope `read` for all indexes'
  return [ready, unchecked(`${url} does not tell of its cluster: ${failure ?? 'no reason given'}`, todo)]
}
