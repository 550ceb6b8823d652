import type { ClusterDescription } from '@hypershard/contract'
import type { Session } from '../../state/session.ts'

/** What the coordinator said, and when. */
export interface SeenCluster {
  readonly cluster: ClusterDescription
  /** Milliseconds since the epoch. */
  readonly atMs: number
}

/** So long an answer may take before the coordinator counts as one that does not answer. */
const answerMsMax = 2_500

export async function seeCluster({ client }: Pick<Session, 'client'>, signal: AbortSignal): Promise<SeenCluster> {
  return { cluster: await client.describeCluster({ signal, timeoutMs: answerMsMax }), atMs: Date.now() }
}
