import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { eventually } from '@hypershard/harness'
import { type Host, HostNetwork, hostNames, sweepHosts } from '@hypershard/harness/hosts'
import { describeHosts } from './describe-hosts.ts'

const orphaned = fileURLToPath(new URL('./orphaned-network.ts', import.meta.url))

const echoPort = 7
const relayPort = 8
const echo = `require('node:net').createServer(s => s.on('error', () => {}).pipe(s)).listen(${echoPort})`
/** Passes what it hears on to another host, and back. */
const relayTo = ({ address }: Host) => `const net = require('node:net')
net.createServer(from => {
  const to = net.connect(${echoPort}, '${address}')
  for (const socket of [from, to]) socket.on('error', () => {})
  from.pipe(to).pipe(from)
}).listen(${relayPort})`

describeHosts('a network of hosts', () => {
  let network: HostNetwork
  let one: Host
  let two: Host
  const sockets: Socket[] = []

  before(async () => {
    network = await HostNetwork.open()
    one = await network.addHost('one')
    two = await network.addHost('two')
    two.start([process.execPath, '-e', echo])
    await line(two, echoPort)
    one.start([process.execPath, '-e', relayTo(two)])
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await network?.heal()
  })
  after(() => network?.close())

  /** A connection, as soon as somebody listens. */
  async function line({ address }: Host, port: number): Promise<Line> {
    let found: Line | undefined
    await eventually(async () => {
      const socket = connect({ port, host: address, noDelay: true })
      await once(socket, 'connect').then(
        () => {
          sockets.push(socket)
          found = new Line(socket)
        },
        () => socket.destroy(),
      )
      return found !== undefined
    })
    return found!
  }

  it('passes what its hosts send to each other', async () => {
    const relayed = await line(one, relayPort)
    await relayed.say('a')
    assert.equal(relayed.heard, 'a')
  })

  it('passes nothing where it is cut, tells nobody, and goes on when it is healed', async () => {
    const [relayed, direct] = [await line(one, relayPort), await line(two, echoPort)]
    await relayed.say('a')
    await one.cutFrom([two])
    const later = relayed.say('b')
    for (let at = 0; at < 10; at++) await direct.say('x')
    assert.equal(relayed.heard, 'a')
    await network.heal()
    await later
    assert.equal(relayed.heard, 'ab')
  })

  it('has no answer of a frozen host, whose connections go on once it thaws', async () => {
    const [relayed, direct] = [await line(one, relayPort), await line(two, echoPort)]
    await relayed.say('a')
    await two.freeze()
    const later = [relayed.say('b'), direct.say('b')]
    assert.equal(execFileSync('ps', ['-o', 'stat=', '-p', `${two.processes[0]!.pid}`], { encoding: 'utf8' })[0], 'T')
    await two.thaw()
    await Promise.all(later)
    assert.deepEqual([relayed.heard, direct.heard], ['ab', 'b'])
  })

  it('delays what a host sends, and only that', async () => {
    const direct = await line(two, echoPort)
    await two.delay(100)
    const startMs = performance.now()
    await direct.say('a')
    // At least: a timer of the kernel is never early by more than its grain.
    assert.ok(performance.now() - startMs > 95)
    await two.loss(0.2)
    await direct.say('b'.repeat(100_000))
    assert.equal(direct.heard.length, 100_001)
  })

  it('loses what a host sends until it is healed', async () => {
    const [lossy, other] = [await line(two, echoPort), await line(one, relayPort)]
    await two.loss(1)
    const later = [lossy.say('a'), other.say('a')]
    await line(one, relayPort)
    assert.deepEqual([lossy.heard, other.heard], ['', ''])
    await two.heal()
    await Promise.all(later)
  })

  it('removes a host with all that runs on it', async () => {
    const three = await network.addHost('three')
    const running = three.start([process.execPath, '-e', echo])
    await three.delay(10)
    await (await line(three, echoPort)).say('a')
    await three.freeze()
    await three.remove()
    assert.equal(await running.exited, 'SIGKILL')
    assert.ok(!(await namesLeft()).some(name => name.endsWith('-three')))
    assert.deepEqual(network.hosts, [one, two])
  })

  it('removes what a process that was killed has left behind', async () => {
    const owner = spawn(process.execPath, [orphaned], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [said] = await once(owner.stdout, 'data')
    const { pid, running } = JSON.parse(String(said)) as { pid: number; running: number }
    assert.equal(pid, owner.pid)
    owner.kill('SIGKILL')
    await once(owner, 'exit')
    const ofIt = async () => (await namesLeft()).filter(name => name.startsWith(`hs${pid}-`)).sort()
    assert.deepEqual(await ofIt(), [`hs${pid}-orphan`, `hs${pid}-own`, `hs${pid}-switch`])
    await sweepHosts()
    assert.deepEqual(await ofIt(), [])
    await eventually(() => !isAlive(running))
    // What is in use stays.
    await (await line(one, relayPort)).say('a')
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function namesLeft(): Promise<string[]> {
  const { namespaces, interfaces } = await hostNames()
  return [...namespaces, ...interfaces]
}

/** A connection that counts what comes back. */
class Line {
  heard = ''
  readonly #socket: Socket
  #said = 0

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.heard += text
    })
  }

  /** Returns once all that was ever said has come back. */
  async say(text: string): Promise<void> {
    this.#said += text.length
    const until = this.#said
    this.#socket.write(text)
    while (this.heard.length < until) await once(this.#socket, 'data')
  }
}
