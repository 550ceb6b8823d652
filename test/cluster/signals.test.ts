import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isThorough } from '@hypershard/harness'
import { writeTinyModel } from '@hypershard/harness/qnets'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const launcher = join(repository, 'cli/bin/hypershard.mjs')

/** What people and process managers start, and the one of its processes that they signal: what they started. */
const commands = {
  npx: ['npx', 'hypershard', 'up'],
  'npm start': ['npm', 'start', '--'],
  'node cli/bin/hypershard.mjs': [process.execPath, launcher, 'up'],
} as const

describe('a cluster whose command is ended', function () {
  this.timeout(90_000)
  let directory: string
  let started: ChildProcess | undefined

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-signals-'))
    started = undefined
  })

  afterEach(async () => {
    for (const pid of [...pids(), started?.pid ?? 0]) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
    await rm(directory, { recursive: true, force: true })
  })

  const data = () => join(directory, 'data')

  async function start(command: keyof typeof commands): Promise<ChildProcess> {
    const model = await writeTinyModel(directory)
    const [program, ...words] = commands[command]
    const where = ['--data', data(), '--models', model.path, '--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0']
    const options = [...where, '--shard-servers', '1']
    // A group of its own, as a terminal gives to each command.
    const settings = { cwd: repository, stdio: 'ignore', detached: true } as const
    const child = spawn(program, [...words, ...options], settings)
    started = child
    await until('all four serve', () => existsSync(data()) && serving().length === 4)
    return child
  }

  const lockPath = () => join(data(), 'lock')

  /** Of the services, by their logs, and of their supervisor. */
  function pids(): number[] {
    const supervisor = existsSync(lockPath()) ? [JSON.parse(readFileSync(lockPath(), 'utf8')).pid as number] : []
    return [...serving(), ...supervisor]
  }

  function serving(): number[] {
    const logs = join(data(), 'logs')
    const lines = existsSync(logs) ? readdirSync(logs).map(name => readFileSync(join(logs, name), 'utf8')) : []
    return lines.flatMap(text => {
      const line = text.split('\n').find(entry => entry.includes('"msg":"serving"'))
      return line === undefined ? [] : [JSON.parse(line).pid as number]
    })
  }

  /** Each start is a whole cluster: the usual run takes each command and each signal once. */
  const usual = [
    ['npx', 'SIGTERM', 'it'],
    ['npm start', 'SIGHUP', 'its group'],
    ['node cli/bin/hypershard.mjs', 'SIGKILL', 'it'],
  ] as const
  const rest = [
    ['npx', 'SIGKILL', 'it'],
    ['npm start', 'SIGKILL', 'it'],
  ] as const
  for (const [command, signal, to] of isThorough() ? [...usual, ...rest] : usual) {
    it(`leaves no process of \`${command}\` when ${to} gets ${signal}`, async () => {
      const child = await start(command)
      const all = pids()
      assert.equal(new Set(all).size, 5)
      process.kill(to === 'it' ? child.pid! : -child.pid!, signal)
      await until('all ended', () => !all.some(isAlive))
      // A supervisor that was killed itself can give nothing back; the next takes its lock over.
      if (all.at(-1) !== child.pid || signal !== 'SIGKILL') assert.equal(existsSync(lockPath()), false)
    })
  }
})

async function until(what: string, holds: () => boolean): Promise<void> {
  const endMs = performance.now() + 60_000
  while (!holds()) {
    assert.ok(performance.now() < endMs, `never happened: ${what}`)
    await wait(50)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A process that ended, and that nobody has asked for, still has its id.
    return pid > 0 && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
