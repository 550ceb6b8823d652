import type { ClusterDescription } from '@hypershard/contract'
import { advice, type Check, type Finding, ok, problem } from '../check.ts'
import type { ClusterFacts } from './gather-cluster.ts'

/** All coordinators that are named know the same servers, and find the same ones alive. */
export const viewsAgree: Check<ClusterFacts> = {
  name: 'membership',
  look: ({ coordinators }) => {
    const [first, ...others] = coordinators.flatMap(({ url, cluster }) =>
      cluster === undefined ? [] : [{ url, cluster }],
    )
    if (first === undefined || others.length === 0) return []
    const findings = others.flatMap(other => compare(first, other))
    return findings.length > 0
      ? findings
      : [ok(`${others.length + 1} coordinators know the same servers and find the same alive`)]
  },
}

interface Told {
  readonly url: string
  readonly cluster: ClusterDescription
}

function compare(one: Told, other: Told): Finding[] {
  return [...differences(one, other, 'listed'), ...differences(one, other, 'live')]
}

function differences(one: Told, other: Told, what: 'listed' | 'live'): Finding[] {
  const [ofOne, ofOther] = [addressesOf(one.cluster, what), addressesOf(other.cluster, what)]
  return [onlyIn(ofOne, ofOther, one.url, other.url), onlyIn(ofOther, ofOne, other.url, one.url)].flatMap(
    ({ addresses, knows, lacks }) => {
      if (addresses.length === 0) return []
      const names = addresses.join(', ')
      return what === 'listed'
        ? [
            problem(
              `${knows} knows ${names}, ${lacks} does not: they place shards otherwise`,
              'give all coordinators the same list of servers',
            ),
          ]
        : [
            advice(
              `${knows} finds ${names} alive, ${lacks} does not: each loads shards by what it sees`,
              `see whether the network lets ${lacks} reach it`,
            ),
          ]
    },
  )
}

function onlyIn(some: ReadonlySet<string>, others: ReadonlySet<string>, knows: string, lacks: string) {
  return { addresses: [...some].filter(address => !others.has(address)), knows, lacks }
}

function addressesOf({ servers, encoders }: ClusterDescription, what: 'listed' | 'live'): ReadonlySet<string> {
  // Encoder services are listed as long as they are told of.
  const all =
    what === 'live'
      ? [...servers, ...encoders].filter(({ live }) => live)
      : [...servers.filter(({ listed }) => listed), ...encoders]
  return new Set(all.map(({ address }) => address))
}
