import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A process of the cluster that says what it finds in its environment, and ends. */
const program = `
import { serviceConfig } from '@hypershard/common'
import { runMain } from '@hypershard/service'
await runMain({}, { service: 'test', config: serviceConfig, ownPrefixes: [], start: async () => {
  console.log(process.env.ORT_DISABLE_TELEMETRY)
  process.exit(0)
} })`

/** A process one of whose threads is in a call of the system that does not return. */
const hanging = `
import { execFileSync } from 'node:child_process'
import { Worker } from 'node:worker_threads'
import { serviceConfig } from '@hypershard/common'
import { runMain } from '@hypershard/service'
const pipe = process.env.FOLDER + '/pipe'
execFileSync('mkfifo', [pipe])
await runMain({}, { service: 'test', config: serviceConfig, ownPrefixes: [], start: async (config, telemetry, die) => {
  const hang = pipe => {
    process.getBuiltinModule('worker_threads').parentPort.postMessage('hanging')
    process.getBuiltinModule('fs').openSync(pipe)
  }
  const worker = new Worker('(' + hang + ')(' + JSON.stringify(pipe) + ')', { eval: true })
  worker.once('message', () => die(new Error('it hangs'), { atOnce: true }))
  return new Promise(() => {})
} })`

function say(environment: Readonly<Record<string, string>>): string {
  const { ORT_DISABLE_TELEMETRY: _ofThisProcess, ...others } = process.env
  const options = { env: { ...others, ...environment }, cwd: import.meta.dirname, encoding: 'utf8' } as const
  return execFileSync(process.execPath, ['--input-type=module-typescript', '--eval', program], options).trim()
}

describe('running a process', () => {
  it('keeps onnxruntime from telling its maker of the models', () => assert.equal(say({}), '1'))

  it('ends a process whose thread hangs', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hypershard-hang-'))
    try {
      const options = { env: { ...process.env, FOLDER: folder }, cwd: import.meta.dirname, timeout: 20_000 } as const
      const words = ['--input-type=module-typescript', '--eval', hanging]
      const { status, signal } = spawnSync(process.execPath, words, options)
      assert.deepEqual([status, signal], [null, 'SIGKILL'])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('leaves it to whoever says otherwise', () => assert.equal(say({ ORT_DISABLE_TELEMETRY: '0' }), '0'))
})
