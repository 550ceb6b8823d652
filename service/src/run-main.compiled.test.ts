import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A process of the cluster that is ready at once. */
const program = `
import { runMain } from ${JSON.stringify(join(import.meta.dirname, 'run-main.ts'))}
import { serviceConfig } from ${JSON.stringify(join(import.meta.dirname, '../../common/src/index.ts'))}
const start = async () => ({ addresses: {}, stop: async () => {} })
await runMain({}, { service: 'test', config: serviceConfig, ownPrefixes: [], start })`

describe('compiled code', () => {
  let directory: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-compiled-'))
    await writeFile(join(directory, 'main.ts'), program)
  })

  afterEach(() => rm(directory, { recursive: true, force: true }))

  /** Starts the process, and kills it once it says that it is ready. */
  async function startAndKill(compiled: string): Promise<unknown> {
    const env = { ...process.env, NODE_COMPILE_CACHE: compiled }
    const child = fork(join(directory, 'main.ts'), {
      env,
      silent: true,
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    const [message] = await once(child, 'message')
    child.kill('SIGKILL')
    await once(child, 'exit')
    return message
  }

  it('is written before a process says that it is ready, so that one that is killed leaves it too', async () => {
    const compiled = join(directory, 'compiled')
    await startAndKill(compiled)
    const [version] = await readdir(compiled)
    assert.ok((await readdir(join(compiled, version!))).length > 10)
  })

  it('keeps nobody from starting where it cannot be written', async () => {
    const file = join(directory, 'file')
    await writeFile(file, '')
    // A folder in a file: for root too, this cannot be made.
    assert.deepEqual(await startAndKill(join(file, 'compiled')), { type: 'ready', addresses: {} })
  })
})
