import assert from 'node:assert/strict'
import { Metadata } from '@grpc/grpc-js'
import { silentLogger } from '@hypershard/common'
import { connectClient, type GrpcServer, plainCredentials, startGrpcServer } from '@hypershard/common/grpc'
import { captureLog, eventually } from '@hypershard/harness'
import { protoDirectory } from '@hypershard/proto'
import { AnnouncementServiceClient, AnnouncementServiceService } from '@hypershard/proto/announcements'
import { Announcer } from '../announcer.ts'
import { GrpcHub } from './grpc-hub.ts'
import { GrpcPeer } from './grpc-peer.ts'

/** What one process hears: keys, and `gap` where hints may have been missed. */
class Process {
  readonly announcer = new Announcer()
  readonly heard: string[] = []

  constructor() {
    this.announcer.listen({ onHint: key => this.heard.push(key), onGap: () => this.heard.push('gap') })
  }
}

class Coordinator extends Process {
  readonly hub: GrpcHub = this.announcer.open(ear => new GrpcHub(ear, silentLogger()))
  #server: GrpcServer | undefined

  async start(address = '127.0.0.1:0'): Promise<string> {
    this.#server = await startGrpcServer({
      address,
      credentials: plainCredentials.server,
      services: [{ definition: AnnouncementServiceService, implementation: this.hub.implementation }],
      protoFiles: ['hypershard/v1/announcements.proto'],
      protoDirectory,
      drainMs: 600_000,
    })
    return this.#server.address
  }

  async stop(): Promise<void> {
    this.announcer.close()
    await this.#server?.stop()
  }
}

describe('hints by gRPC', () => {
  let coordinator: Coordinator
  let address: string
  let processes: Process[]

  beforeEach(async () => {
    coordinator = new Coordinator()
    processes = [coordinator]
    address = await coordinator.start()
  })

  afterEach(async () => {
    for (const { announcer } of processes) announcer.close()
    await coordinator.stop()
  })

  /** Returns once both sides know of each other. */
  async function connect<One extends Process>(one: One, to = address, log = silentLogger()): Promise<One> {
    processes.push(one)
    one.announcer.open(ear => new GrpcPeer(to, ear, { log }))
    await eventually(() => one.announcer.hearing && coordinator.announcer.hearing)
    return one
  }

  const untilHeard = (one: Process, key: string) => eventually(() => one.heard.includes(key))

  it('go both ways, in order, and to all that are connected', async () => {
    const indexers = [await connect(new Process()), await connect(new Process())]
    await eventually(() => coordinator.heard.length === 2)
    for (const key of ['one', 'two', 'three']) coordinator.announcer.tell(key)
    for (const indexer of indexers) {
      await untilHeard(indexer, 'three')
      assert.deepEqual(indexer.heard, ['gap', 'one', 'two', 'three'])
    }
    indexers[0]!.announcer.tell('four')
    await untilHeard(coordinator, 'four')
    assert.deepEqual(coordinator.heard, ['gap', 'gap', 'one', 'two', 'three', 'four'])
    assert.ok(!indexers[1]!.heard.includes('four'), 'each tells those that it knows itself')
  })

  it('of a coordinator reach one that runs beside it', async () => {
    const other = await connect(new Coordinator())
    await eventually(() => coordinator.heard.includes('gap'))
    other.announcer.tell('from the other')
    coordinator.announcer.tell('from the first')
    await Promise.all([untilHeard(coordinator, 'from the other'), untilHeard(other, 'from the first')])
  })

  it('do not come back to a coordinator that is in its own list, and it hears nobody by that', async () => {
    coordinator.announcer.open(ear => new GrpcPeer(address, ear, { log: silentLogger() }))
    const other = await connect(new Process())
    coordinator.announcer.tell('once')
    await untilHeard(other, 'once')
    assert.equal(coordinator.heard.filter(key => key === 'once').length, 1)
    other.announcer.close()
    await eventually(() => !coordinator.announcer.hearing)
  })

  it('that were missed while a coordinator was away are looked for by both sides once it is back', async () => {
    const captured = captureLog()
    const indexer = await connect(new Process(), address, captured.log)
    await coordinator.stop()
    await eventually(() => captured.lines.length > 0)
    assert.equal(indexer.announcer.hearing, false)
    indexer.announcer.tell('lost')
    coordinator = new Coordinator()
    await coordinator.start(address)
    await eventually(() => indexer.heard.filter(key => key === 'gap').length === 2)
    await untilHeard(coordinator, 'gap')
    indexer.announcer.tell('heard')
    await untilHeard(coordinator, 'heard')
    assert.deepEqual(coordinator.heard, ['gap', 'heard'])
    assert.deepEqual(
      captured.lines.map(({ msg }) => msg),
      ['away; the next line comes when it is back', 'back'],
    )
  })

  it('hold up no coordinator that stops', async () => {
    await connect(new Process())
    // Streams are open for an hour, and calls under way may take ten minutes to end: longer than this test may.
    await coordinator.stop()
  })

  it('come to an end when their coordinator closes, before it refuses others', async () => {
    const client = connectClient(AnnouncementServiceClient, address)
    try {
      const call = () => client.exchange(new Metadata(), { deadline: Date.now() + 3_600_000 })
      const open = call()
      open.on('error', () => undefined)
      await new Promise(resolve => open.once('data', resolve))
      let ended = false
      open.on('end', () => {
        ended = true
      })
      coordinator.announcer.close()
      const refused = call()
      refused.resume()
      await new Promise(resolve => refused.on('error', resolve))
      assert.equal(ended, true)
    } finally {
      client.close()
    }
  })

  it('are given to no call that has no deadline', async () => {
    const client = connectClient(AnnouncementServiceClient, address)
    try {
      const stream = client.exchange(new Metadata(), {})
      const answer = new Promise<string>(resolve => {
        stream.on('error', ({ message }) => resolve(message))
        stream.on('data', () => resolve('it was accepted'))
      })
      assert.match(await answer, /has no deadline/)
    } finally {
      client.close()
    }
  })
})
