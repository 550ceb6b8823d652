import { versionsMatch } from '@hypershard/proto/versions'
import { advice, type Check, type Finding, ok, problem, unchecked } from '../check.ts'
import type { ClusterFacts } from './gather-cluster.ts'

/** All processes speak one protocol version, and all coordinators are of this command's version. */
export const versionsAgree: Check<ClusterFacts> = {
  name: 'versions',
  look: facts => [...softwareVersions(facts), ...protocolVersions(facts)],
}

function softwareVersions({ version, coordinators }: ClusterFacts): Finding[] {
  const versions = new Set(coordinators.flatMap(({ greeting }) => greeting?.version ?? []))
  if (versions.size === 0) return [unchecked('no coordinator tells its version', 'see that one answers')]
  const others = [...versions].filter(other => other !== version)
  if (others.length === 0) return [ok(`coordinators and this command are version ${version}`)]
  const says = `this command is version ${version}, coordinators are ${[...versions].join(' and ')}`
  return [advice(says, 'fine during an upgrade; finish it, and use the command of the same version')]
}

/** Who speaks what: a shard server or encoder service that has not told its version is left out. */
function protocolVersions({ coordinators }: ClusterFacts): Finding[] {
  const spoken = coordinators.flatMap(({ url, cluster }) => {
    if (cluster === undefined) return []
    const servers = [...cluster.servers, ...cluster.encoders].filter(({ live }) => live)
    const told = servers.flatMap(({ address, protocol_version: version }) =>
      version === null ? [] : [{ who: address, version }],
    )
    // A coordinator of before this was told does not say it.
    const own = cluster.protocol_version as number | undefined
    return own === undefined ? told : [{ who: url, version: own }, ...told]
  })
  if (spoken.length === 0) return []
  const lowest = spoken.reduce((one, other) => (other.version < one.version ? other : one))
  const highest = spoken.reduce((one, other) => (other.version > one.version ? other : one))
  if (lowest.version === highest.version) return [ok(`all processes speak protocol version ${lowest.version}`)]
  const says = `${lowest.who} speaks protocol version ${lowest.version} and ${highest.who} speaks ${highest.version}`
  return versionsMatch(lowest.version, highest.version)
    ? [advice(`${says}, which work together`, 'fine during an upgrade; finish it')]
    : [problem(`${says}, which do not work together`, `upgrade ${lowest.who}`)]
}
