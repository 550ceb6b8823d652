import { advice, type Check, type Finding, ok } from '../check.ts'
import { type ClusterFacts, firstCluster } from './gather-cluster.ts'

/** What searches or writes stop for when one process, or one zone, is lost. */
export const singlePoints: Check<ClusterFacts> = {
  name: 'single points',
  look: facts => {
    const cluster = firstCluster(facts)
    if (cluster === undefined) return []
    const live = cluster.servers.filter(server => server.live && server.listed)
    const findings: Finding[] = []
    const alone = (facts.indexes ?? []).filter(({ replicas }) => replicas < 2).map(({ name }) => name)
    if (alone.length > 0) {
      const says = `each shard of ${some(alone)} is on one server: until another has loaded it, searches miss it when that is lost`
      findings.push(advice(says, 'make an index with replicas 2 or more, where memory allows'))
    }
    if (live.length === 1) findings.push(advice('there is one shard server', 'run two or more'))
    if (cluster.encoders.length === 1) {
      findings.push(advice('there is one encoder service: without it no query is answered', 'run two or more'))
    }
    findings.push(...zones(live.map(({ zone }) => zone)))
    return findings.length > 0 ? findings : [ok('no single server or zone is needed by everything')]
  },
}

function zones(named: readonly string[]): Finding[] {
  if (named.length < 2) return []
  const zones = new Set(named)
  if (zones.size > 1) return []
  const where = named[0] === '' ? 'no shard server says where it stands' : `all shard servers stand in zone ${named[0]}`
  return [
    advice(`${where}: copies of a shard may be lost together`, 'spread servers, and set HYPERSHARD_SHARD_ZONE on each'),
  ]
}

const namesShownMax = 5

function some(names: readonly string[]): string {
  const more = names.length - namesShownMax
  return names.slice(0, namesShownMax).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
