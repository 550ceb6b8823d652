import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Host, type Switch } from './host.ts'
import { ip, ipBatch } from './run-ip.ts'
import { prefixOf, removeNamespace, sweepHosts } from './sweep-hosts.ts'
import type { SwitchPlace } from './switch-place.ts'

/** Last part of the address of this process on the network; hosts have those before it. */
const ownNumber = 254

/** Of 198.18.0.0/16, which belongs to nobody: it is set aside for measuring networks (RFC 2544). */
const networksMax = 256

/** No interface has this hardware address: a frame to it arrives nowhere, and its sender is not told. */
const nowhere = '02:00:00:00:00:00'

/** How a network knows where a neighbour table stands: a host's namespace, or this process's (undefined). */
interface End {
  readonly namespace: string | undefined
  readonly address: string
  readonly device: string
}

/**
 * Hosts on one switch, on this machine: each a network namespace with a cable to a bridge, which this process has a cable
 * to as well. The bridge has a namespace of its own: among this machine's interfaces, the packet filter of a Docker Engine
 * that runs or ever ran here would drop what it forwards. A cut is a wrong hardware address in the neighbour tables of both ends: what is sent goes nowhere and
 * nobody hears of it, as behind a cable that was pulled further on.
 *
 * ```ts
 * const network = await HostNetwork.open()
 * const [one, two] = [await network.addHost('one'), await network.addHost('two')]
 * await one.cutFrom([two])
 * await network.heal()
 * await network.close()
 * ```
 */
export class HostNetwork {
  /** For the logs of its hosts, and whatever else goes with it. */
  readonly directory = mkdtempSync(join(tmpdir(), prefixOf(process.pid)))
  readonly #prefix = prefixOf(process.pid)
  readonly #place: SwitchPlace
  /** This process's interface to the network. */
  readonly #own: string
  readonly #network: string
  readonly #hosts: Host[] = []
  readonly #cuts = new Map<Host, Set<Host>>()
  readonly #silent = new Set<Host>()
  /** Pairs whose neighbour tables are wrong by now: `namespace address`. */
  #applied = new Set<string>()
  #hostsEver = 0

  private constructor(number: number) {
    this.#place = { namespace: `${this.#prefix}switch`, bridge: 'bridge' }
    this.#own = `${this.#prefix}own`
    this.#network = `198.18.${number}`
  }

  /** Removes what earlier ones left behind and makes a new one. @throws Error with what `ip` says */
  static async open(): Promise<HostNetwork> {
    await sweepHosts()
    const network = new HostNetwork(await freeNetwork())
    await network.#plugIn()
    return network
  }

  async #plugIn(): Promise<void> {
    const { namespace, bridge } = this.#place
    await ip('netns', 'add', namespace)
    await ipBatch(namespace, [`link add ${bridge} type bridge`, `link set ${bridge} up`])
    await ipBatch(undefined, [
      `link add ${this.#own} type veth peer name own netns ${namespace}`,
      `addr add ${this.#network}.${ownNumber}/24 dev ${this.#own}`,
      `link set ${this.#own} up`,
    ])
    await ipBatch(namespace, [`link set own master ${bridge} up`])
  }

  get hosts(): readonly Host[] {
    return this.#hosts
  }

  /** @param name unique; part of a namespace's name and a log's */
  async addHost(name: string): Promise<Host> {
    const number = ++this.#hostsEver
    const namespace = `${this.#prefix}${name}`
    const place = { name, address: `${this.#network}.${number}`, namespace, port: `port${number}` }
    await ip('netns', 'add', namespace)
    await ipBatch(this.#place.namespace, [
      `link add ${place.port} type veth peer name eth0 netns ${namespace}`,
      `link set ${place.port} master ${this.#place.bridge} up`,
    ])
    await ipBatch(namespace, [`addr add ${place.address}/24 dev eth0`, 'link set eth0 up', 'link set lo up'])
    const host = new Host(place, this.#switch())
    this.#hosts.push(host)
    return host
  }

  /** Ends every delay, loss and cut, and thaws what is frozen. */
  async heal(): Promise<void> {
    for (const host of this.#hosts) await host.heal()
  }

  /** Removes every host with all that runs on it. */
  async close(): Promise<void> {
    for (const host of [...this.#hosts]) await host.remove()
    await ip('link', 'del', this.#own)
    await removeNamespace(this.#place.namespace)
    rmSync(this.directory, { recursive: true, force: true })
  }

  #switch(): Switch {
    return {
      place: this.#place,
      logDirectory: this.directory,
      cut: (host, others) => {
        for (const other of others) {
          if (other === host) continue
          this.#cutsOf(host).add(other)
          this.#cutsOf(other).add(host)
        }
        return this.#apply()
      },
      join: host => {
        for (const other of this.#cutsOf(host)) this.#cutsOf(other).delete(host)
        this.#cuts.delete(host)
        return this.#apply()
      },
      silence: (host, silent) => {
        if (silent) this.#silent.add(host)
        else this.#silent.delete(host)
        return this.#apply()
      },
      forget: host => {
        this.#hosts.splice(this.#hosts.indexOf(host), 1)
        for (const other of this.#cutsOf(host)) this.#cutsOf(other).delete(host)
        this.#cuts.delete(host)
        this.#silent.delete(host)
      },
    }
  }

  #cutsOf(host: Host): Set<Host> {
    const known = this.#cuts.get(host) ?? new Set()
    this.#cuts.set(host, known)
    return known
  }

  /** Makes the neighbour tables say what is cut and silent, and nothing else. */
  async #apply(): Promise<void> {
    const wanted = new Set<string>()
    const ends = this.#ends()
    for (const end of ends) {
      const others = ends.filter(other => other !== end)
      for (const other of others) if (this.#isCut(end.host, other.host)) wanted.add(pairOf(end, other))
    }
    const before = this.#applied
    this.#applied = wanted
    await Promise.all(
      ends.map(async end => {
        const changes = ends.flatMap(other => {
          const [was, is] = [before.has(pairOf(end, other)), wanted.has(pairOf(end, other))]
          if (was === is) return []
          if (!is) return [`neigh del ${other.address} dev ${end.device}`]
          return [`neigh replace ${other.address} lladdr ${nowhere} nud permanent dev ${end.device}`]
        })
        if (changes.length > 0) await ipBatch(end.namespace, changes)
      }),
    )
  }

  #ends(): (End & { readonly host: Host | undefined })[] {
    const own = { host: undefined, namespace: undefined, address: `${this.#network}.${ownNumber}`, device: this.#own }
    const ofHosts = this.#hosts.map(host => ({
      host,
      namespace: host.namespace,
      address: host.address,
      device: 'eth0',
    }))
    return [own, ...ofHosts]
  }

  #isCut(one: Host | undefined, other: Host | undefined): boolean {
    if ([one, other].some(host => host !== undefined && this.#silent.has(host))) return true
    return one !== undefined && other !== undefined && (this.#cuts.get(one)?.has(other) ?? false)
  }
}

function pairOf(one: End, other: End): string {
  return `${one.namespace ?? ''} ${other.address}`
}

/** The third part of the address of a network that this machine does not know yet. */
async function freeNetwork(): Promise<number> {
  const routes = JSON.parse(await ip('-j', '-4', 'route', 'show')) as { dst: string }[]
  const taken = new Set(routes.map(({ dst }) => dst))
  for (let at = 0; at < networksMax; at++) {
    const number = (process.pid + at) % networksMax
    if (!taken.has(`198.18.${number}.0/24`)) return number
  }
  throw new Error('every network of 198.18.0.0/16 is taken: remove interfaces named hs*-own')
}
