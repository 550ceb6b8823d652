import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import { type DrivenCoordinator, type DrivenServer, driveCluster } from '../testing/cluster-driver.ts'
import { placementOf } from './placement-of.ts'

/** What may happen to a cluster, `which` by chance. */
const events = [
  'join',
  'leave',
  'die',
  'come back',
  'restart',
  'drain',
  'undrain',
  'commit',
  'hold up loads',
  'go on loading',
  'fill up',
  'make room',
  'cut off',
  'reconnect',
] as const

const serversMax = 7
const roomPlenty = 1_000

const histories = fc.record({
  servers: fc.integer({ min: 1, max: 4 }),
  shards: fc.integer({ min: 1, max: 8 }),
  replicas: fc.integer({ min: 1, max: 3 }),
  coordinators: fc.integer({ min: 1, max: 2 }),
  steps: fc.array(
    fc.record({ event: fc.constantFrom(...events), which: fc.nat(100), ticks: fc.constantFrom(1, 1, 2, 20, 70) }),
    { maxLength: 25 },
  ),
})

type History = typeof histories extends fc.Arbitrary<infer Value> ? Value : never

/** A cluster to which a history happens, and what must be true of it at each moment. */
class Played {
  readonly driven: ReturnType<typeof driveCluster>
  readonly named: Set<string>
  /** Commits whose loads are held up still, by coordinator. */
  readonly committing = new Map<DrivenCoordinator, Promise<void>>()
  readonly #unserved: string[] = []

  constructor(history: History) {
    // Chance is none of a history's: the same one plays the same way again.
    this.driven = driveCluster({ ...history, random: () => 0.4 })
    this.named = new Set(this.driven.servers.keys())
  }

  async play({ event, which, ticks }: History['steps'][number]): Promise<void> {
    const servers = [...this.driven.servers.values()]
    this.#happen(event, servers[which % servers.length]!, which)
    for (let tick = 0; tick < ticks; tick++) {
      await this.driven.pass(500)
      this.checkRoutes()
      assert.deepEqual(this.#unserved, [], 'what was served is served after a commit')
    }
  }

  #happen(event: (typeof events)[number], server: DrivenServer, which: number): void {
    const { coordinators, servers } = this.driven
    const coordinator = coordinators[which % coordinators.length]!
    switch (event) {
      case 'join':
        if (servers.size < serversMax) this.#name(this.named.add(this.driven.addServer().address))
        return
      case 'leave':
        if (this.named.size > 1 && this.named.delete(server.address)) this.#name(this.named)
        return
      case 'die':
        server.down = true
        server.restart()
        return
      case 'come back':
        server.down = false
        return
      case 'restart':
        server.restart()
        return
      case 'drain':
      case 'undrain':
        server.facts.draining = event === 'drain'
        return
      case 'commit':
        for (const each of coordinators) this.#commit(each)
        return
      case 'hold up loads':
        server.shutGate()
        return
      case 'go on loading':
        server.openGate()
        return
      case 'fill up':
        server.roomMax = server.loaded.size
        return
      case 'make room':
        server.roomMax = roomPlenty
        return
      case 'cut off':
        server.cutOff.add(coordinator.name)
        return
      case 'reconnect':
        server.cutOff.clear()
    }
  }

  #name(addresses: ReadonlySet<string>): void {
    this.driven.name(...[...addresses].sort())
  }

  /** One at a time, as the watcher of the store does it. */
  #commit(coordinator: DrivenCoordinator): void {
    if (this.committing.has(coordinator)) return
    const { catalog } = coordinator
    const steady = this.#steadilyServed(coordinator)
    const done = coordinator.commit(catalog.next()).then(() => {
      this.committing.delete(coordinator)
      // Nothing happened to who served it meanwhile: then it is served still.
      for (const [shard, isSteady] of steady) {
        if (isSteady() && !this.#isKnownWarm(coordinator, shard)) this.#unserved.push(`shard ${shard}`)
      }
    })
    this.committing.set(coordinator, done)
  }

  /** The shards that are served, each with whether a server that served it then is unharmed now. */
  #steadilyServed(coordinator: DrivenCoordinator): Map<number, () => boolean> {
    const { manifest } = coordinator.catalog.entry
    const steady = new Map<number, () => boolean>()
    for (let shard = 0; shard < manifest.shards; shard++) {
      const [first] = coordinator.route(shard)
      if (first === undefined || !this.#isKnownWarm(coordinator, shard)) continue
      const server = this.driven.servers.get(first.address)!
      const [{ life }, memberLife] = [server, first.life]
      steady.set(shard, () => server.life === life && first.life === memberLife && first.live && !first.draining)
    }
    return steady
  }

  #isKnownWarm({ cluster, catalog: { entry } }: DrivenCoordinator, shard: number): boolean {
    return cluster.warmHoldersOf(placementOf(entry).uid, entry.manifest.version, shard).length > 0
  }

  /** If any live server is known to have a shard loaded, it is asked first, and it has it. */
  checkRoutes(): void {
    for (const coordinator of this.driven.coordinators) {
      const { manifest } = coordinator.catalog.entry
      for (let shard = 0; shard < manifest.shards; shard++) {
        const route = coordinator.route(shard)
        assert.equal(new Set(route).size, route.length, 'nobody is asked twice')
        assert.ok(route.length > 0, 'somebody is asked')
        if (!this.#isKnownWarm(coordinator, shard)) continue
        const [first] = route
        const server = this.driven.servers.get(first!.address)!
        assert.ok(first!.live && !server.down, 'a live server is asked first')
        assert.ok(server.touch(manifest, shard), 'a server that has it loaded is asked first')
      }
    }
  }

  /** Everything works again and nothing happens any more: each shard is where it belongs, or named as unplaced. */
  async comeToRest(): Promise<void> {
    const { servers, coordinators } = this.driven
    for (const server of servers.values()) {
      server.openGate()
      server.cutOff.clear()
    }
    await this.driven.pass(2_000)
    await Promise.all(this.committing.values())
    assert.deepEqual(this.#unserved, [], 'what was served is served after a commit')
    await this.driven.pass(400_000, 5_000)
    for (const coordinator of coordinators) this.#checkAtRest(coordinator)
  }

  #checkAtRest(coordinator: DrivenCoordinator): void {
    const { cluster, catalog } = coordinator
    const { manifest } = catalog.entry
    const placement = placementOf(catalog.entry)
    const unplaced = new Map(cluster.unplacedShards(placement).map(({ shard, placed }) => [shard, placed]))
    const replicas = Math.min(placement.replicas, cluster.view.servers.length)
    const someLive = cluster.placeable.some(({ live }) => live)
    for (let shard = 0; shard < manifest.shards && someLive; shard++) {
      const warm = cluster.warmHoldersOf(placement.uid, manifest.version, shard)
      const placed = warm.filter(member => cluster.holdersOf(placement, shard).includes(member))
      assert.equal(placed.length, unplaced.get(shard) ?? replicas, `shard ${shard} has its holders`)
      const others = warm.filter(member => !member.draining && !placed.includes(member)).map(({ address }) => address)
      if (!unplaced.has(shard)) assert.deepEqual(others, [], `shard ${shard} is held by nobody else`)
    }
    for (const { address } of cluster.view.servers) {
      assert.ok(this.named.has(address) && cluster.members.some(member => member.address === address))
    }
    const leaving = cluster.members.filter(member => !cluster.isListed(member))
    const needed = leaving.filter(() => !someLive || unplaced.size > 0)
    const addresses = (members: typeof leaving) => members.map(({ address }) => address)
    assert.deepEqual(addresses(leaving), addresses(needed), 'servers that left are let go of')
  }
}

describe('a cluster, whatever happens to it', () => {
  it('asks first who has a shard loaded, serves every commit, and comes to rest with each shard in its place', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async history => {
        const played = new Played(history)
        await played.driven.pass(1_000)
        for (const step of history.steps) await played.play(step)
        await played.comeToRest()
      }),
      { numRuns: casesOf({ usual: 30, thorough: 150 }) },
    )
  })
})
