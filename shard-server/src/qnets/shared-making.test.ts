import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '@hypershard/common'
import { QNetExchange } from './qnet-exchange.ts'
import { SharedMaking } from './shared-making.ts'

const identity = { kernel: 'a kernel', version: '1' }
const weights = Uint8Array.of(1, 2, 3, 4)
const digest = 'ab'.repeat(32)

describe('q-nets that shard servers of one machine make for each other', () => {
  let folder: string
  let nowMs: number
  let clock: Clock
  let making: SharedMaking[]

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-qnets-'))
    nowMs = 0
    const startMs = Date.now()
    clock = { now: () => startMs + nowMs, monotonicMs: () => nowMs }
    making = []
  })

  afterEach(async () => {
    for (const one of making) one.close()
    await rm(folder, { recursive: true, force: true })
  })

  const exchange = (of = identity) => new QNetExchange(folder, of, { clock })

  function server(of = identity): SharedMaking {
    const one = new SharedMaking(exchange(of), clock)
    making.push(one)
    return one
  }

  /** A turn of it; `into` is what its server has of the weights after. */
  function turnOf(make: () => Promise<void> | void = () => undefined, waitedMs = 0) {
    const into = new Uint8Array(weights.length)
    const write = async () => {
      await make()
      into.set(weights)
    }
    return { into, turn: { digest, weights: into, waitedMs, make: write } }
  }

  it('are made by the first and read by the others', async () => {
    const [one, other] = [server(), server()]
    assert.equal(await one.takeTurn(turnOf().turn), 'made')
    const { into, turn } = turnOf(() => assert.fail('it was there'))
    assert.equal(await other.takeTurn(turn), 'read')
    assert.deepEqual(into, weights)
  })

  it('are waited for while another makes them', async () => {
    const [one, other] = [server(), server()]
    const end = Promise.withResolvers<void>()
    const made = one.takeTurn(turnOf(() => end.promise).turn)
    assert.equal(await other.takeTurn(turnOf(() => assert.fail('it is being made')).turn), 'elsewhere')
    end.resolve()
    assert.equal(await made, 'made')
    assert.equal(await other.takeTurn(turnOf(() => assert.fail('it was there')).turn), 'read')
  })

  it('are made here as well when who said so has not made them in time', async () => {
    const killed = exchange()
    assert.equal(killed.claim(killed.keyOf(digest)), true)
    const { into, turn } = turnOf(undefined, 51)
    assert.equal(await server().takeTurn(turn), 'made')
    assert.deepEqual(into, weights)
  })

  it('are waited for longer where one takes long', async () => {
    const slow = server()
    const takesLong = turnOf(() => {
      nowMs += 100
    })
    await slow.takeTurn({ ...takesLong.turn, digest: 'cd'.repeat(32) })
    exchange().claim(exchange().keyOf(digest))
    assert.equal(await slow.takeTurn(turnOf(undefined, 399).turn), 'elsewhere')
    assert.equal(await slow.takeTurn(turnOf(undefined, 401).turn), 'made')
  })

  it('are made by the next when making one has failed', async () => {
    const broken = turnOf(() => assert.fail('no weights')).turn
    await assert.rejects(server().takeTurn(broken), /no weights/)
    assert.equal(await server().takeTurn(turnOf().turn), 'made')
  })

  it('are not those of another length, kernel or version', async () => {
    await server().takeTurn(turnOf().turn)
    for (const length of [2, 8]) {
      assert.equal(exchange().read(exchange().keyOf(digest), new Uint8Array(length)), false)
    }
    assert.equal(await server({ ...identity, kernel: 'another' }).takeTurn(turnOf().turn), 'made')
    assert.equal(await server({ ...identity, version: '2' }).takeTurn(turnOf().turn), 'made')
  })

  it('are made all the same once the folder is gone, which is told once', async () => {
    const one = server()
    await rm(folder, { recursive: true })
    const { into, turn } = turnOf()
    assert.equal(await one.takeTurn(turn), 'made')
    assert.deepEqual(into, weights)
    assert.match(one.takeLoss() ?? '', /ENOENT/)
    assert.equal(await one.takeTurn(turnOf().turn), 'made')
    assert.equal(one.takeLoss(), undefined)
  })

  it('stay for a second, and no longer than their server', async () => {
    const one = exchange()
    const [first, second] = [one.keyOf('first'), one.keyOf('second')]
    one.leave(first, weights)
    nowMs = 800
    one.leave(second, weights)
    nowMs = 1_200
    assert.equal(one.tidy(), true)
    assert.deepEqual(await readdir(folder), [`${second}.qnet`])
    one.close()
    assert.deepEqual(await readdir(folder), [])
    assert.equal(one.tidy(), false)
  })

  it('stay no longer than until there is too much of them', async () => {
    const one = new QNetExchange(folder, identity, { clock, bytesMax: 11 })
    for (const name of ['a', 'b', 'c']) one.leave(one.keyOf(name), weights)
    assert.deepEqual((await readdir(folder)).sort(), ['b', 'c'].map(name => `${one.keyOf(name)}.qnet`).sort())
    one.close()
  })

  it('that a killed server has left are removed, and nothing else', async () => {
    const old = new Date(Date.now() - 61_000)
    for (const name of ['old.qnet', 'old.claim', 'old.1.part', 'notes.txt', 'new.qnet']) {
      await writeFile(join(folder, name), '')
      if (name !== 'new.qnet') await utimes(join(folder, name), old, old)
    }
    await mkdir(join(folder, 'kept'))
    const one = exchange()
    assert.deepEqual((await readdir(folder)).sort(), ['kept', 'new.qnet', 'notes.txt'])
    nowMs = 61_000
    one.tidy()
    assert.deepEqual((await readdir(folder)).sort(), ['kept', 'notes.txt'])
  })
})
