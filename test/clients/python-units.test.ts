import assert from 'node:assert/strict'
import { TestCertificates } from '@hypershard/harness/certificates'
import { hasPython, noPython, runPython } from './run-python.ts'

describe('the Python client by itself', () => {
  let certificates: TestCertificates

  before(async function () {
    if (!hasPython()) {
      console.log(`  ${noPython}`)
      this.skip()
    }
    certificates = await TestCertificates.make()
    await certificates.write('server', { names: ['localhost'] })
  })

  after(() => certificates?.remove())

  it('passes its tests', async () => {
    const settings = { HYPERSHARD_TEST_CERTIFICATES: certificates.directory }
    assert.match(await runPython(['-m', 'pytest', '-q', 'tests/units'], { settings }), /^\d+ passed in /m)
  })

  it('is written as ruff has it', async () => {
    await runPython(['-m', 'ruff', 'check', '--no-cache', '.'])
    await runPython(['-m', 'ruff', 'format', '--no-cache', '--check', '.'])
  })
})
