import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { TestCertificates } from '@hypershard/harness/certificates'
import { PrometheusMeter } from './adapters/prometheus-meter.ts'
import { readState } from './read-state.ts'

describe('the state of a process', () => {
  const textOf = async (config: Readonly<Record<string, unknown>>, requireReady = async () => {}) => {
    const meter = new PrometheusMeter()
    readState(meter, { config, requireReady })
    return meter.render()
  }

  it('is ready as long as nothing keeps it from its work', async () => {
    assert.match(await textOf({}), /^hypershard_ready 1$/m)
    const lacking = await textOf({}, () => Promise.reject(new Error('no live server has loaded shard 2')))
    assert.match(lacking, /^hypershard_ready 0$/m)
  })

  it('tells until when each certificate lasts that it has, and of no other', async () => {
    const made = await TestCertificates.make()
    try {
      const { certificate } = await made.write('server')
      const lastsMs = new X509Certificate(await readFile(certificate)).validToDate.getTime()
      const text = await textOf({ HYPERSHARD_TLS_CERT: certificate, HYPERSHARD_HTTP_TLS_CERT: undefined })
      const told = [...text.matchAll(/^hypershard_certificate_expires_timestamp_seconds\{setting="(\w+)"\} (\S+)$/gm)]
      assert.deepEqual(
        told.map(([, setting, seconds]) => [setting, Number(seconds)]),
        [['HYPERSHARD_TLS_CERT', lastsMs / 1_000]],
      )
    } finally {
      await made.remove()
    }
  })
})
