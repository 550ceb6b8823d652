import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'

/** A process of the cluster that says what it finds in its environment, and ends. */
const program = `
import { serviceConfig } from '@hypershard/common'
import { runMain } from '@hypershard/service'
await runMain({}, { service: 'test', config: serviceConfig, ownPrefixes: [], start: async () => {
  console.log(process.env.ORT_DISABLE_TELEMETRY)
  process.exit(0)
} })`

function say(environment: Readonly<Record<string, string>>): string {
  const { ORT_DISABLE_TELEMETRY: _ofThisProcess, ...others } = process.env
  const options = { env: { ...others, ...environment }, cwd: import.meta.dirname, encoding: 'utf8' } as const
  return execFileSync(process.execPath, ['--input-type=module-typescript', '--eval', program], options).trim()
}

describe('running a process', () => {
  it('keeps onnxruntime from telling its maker of the models', () => assert.equal(say({}), '1'))

  it('leaves it to whoever says otherwise', () => assert.equal(say({ ORT_DISABLE_TELEMETRY: '0' }), '0'))
})
