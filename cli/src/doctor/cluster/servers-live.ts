import type { EncoderDescription, ServerDescription } from '@hypershard/contract'
import { advice, type Check, type Finding, ok, problem, unchecked } from '../check.ts'
import { type ClusterFacts, firstCluster } from './gather-cluster.ts'

/** Every shard server and encoder service answers its coordinators. */
export const serversLive: Check<ClusterFacts> = {
  name: 'servers',
  look: facts => {
    const cluster = firstCluster(facts)
    if (cluster === undefined) return [unchecked('no coordinator tells of servers', 'name one that does with --url')]
    return [
      ...of('shard server', cluster.servers, 'HYPERSHARD_SHARD_SERVERS', 'nothing can be searched'),
      ...of('encoder service', cluster.encoders, 'HYPERSHARD_ENCODER', 'no query and no document can be encoded'),
    ]
  },
}

type Server = Pick<ServerDescription & EncoderDescription, 'address' | 'live' | 'down_reason' | 'draining'>

function of(what: string, servers: readonly Server[], setting: string, meaning: string): Finding[] {
  if (servers.length === 0) {
    return [problem(`there is no ${what}: ${meaning}`, `start one, and see that ${setting} names it`)]
  }
  const live = servers.filter(server => server.live)
  const down = servers.filter(server => !server.live)
  const draining = live.filter(server => server.draining)
  const findings = down.map(({ address, down_reason }) =>
    problem(
      `${what} ${address} is down: ${down_reason ?? 'no reason given'}`,
      `start it, or take it out of ${setting}`,
    ),
  )
  findings.push(
    ...draining.map(({ address }) =>
      advice(
        `${what} ${address} is draining: it gets no new work`,
        'end it once its shards are elsewhere, or undrain it',
      ),
    ),
  )
  return findings.length > 0 ? findings : [ok(`${live.length} of ${servers.length} ${what}s live`)]
}
