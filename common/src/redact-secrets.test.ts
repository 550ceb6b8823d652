import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { redactSecrets } from './redact-secrets.ts'

describe('redacting secrets', () => {
  const secrets: [text: string, becomes: string][] = [
    ['redis://:s3cret@10.0.0.7:6379/1 is away', 'redis://***@10.0.0.7:6379/1 is away'],
    ['rediss://app:p@ss:w0rd@redis.example.com', 'rediss://***@redis.example.com'],
    ['https://token@example.com/x', 'https://***@example.com/x'],
    ['key hs_ab12_Zm9vYmFy-_9 is unknown', 'key hs_ab12_*** is unknown'],
    ['authorization: Bearer abc.def-ghi=', 'authorization: Bearer ***'],
    ['{"authorization":"x \\" y","msg":"told"}', '{"authorization":"***","msg":"told"}'],
    ['{"password":"a","secretAccessKey":"b","n":1}', '{"password":"***","secretAccessKey":"***","n":1}'],
    ['-----BEGIN PRIVATE KEY-----\\nMIGH\\n-----END PRIVATE KEY-----\\n', '(a private key)\\n'],
    ['-----BEGIN EC PRIVATE KEY-----\nMIGH\n-----END EC PRIVATE KEY-----', '(a private key)'],
  ]
  for (const [text, becomes] of secrets) {
    it(`leaves none in ${JSON.stringify(text).slice(0, 50)}`, () => assert.equal(redactSecrets(text), becomes))
  }

  it('is done to every line of a log', () => {
    const logging = new URL('./logging.ts', import.meta.url)
    const script = `
      import { createLogger } from ${JSON.stringify(logging)}
      const error = new Error('connecting to redis://:s3cret@10.0.0.7 failed')
      createLogger({ service: 'test', level: 'info' }).info({ err: error, url: 'redis://:s3cret@10.0.0.7' }, 'told')
    `
    const words = ['-c', '"$0" --input-type=module -e "$1" 2>&1', process.execPath, script]
    const line = execFileSync('sh', words, { encoding: 'utf8' })
    assert.match(line, /redis:\/\/\*\*\*@10\.0\.0\.7 failed/)
    assert.doesNotMatch(line, /s3cret/)
  })

  const harmless = [
    'shard-1:7710@zone-a is away',
    'http://127.0.0.1:7700/v1/indexes/a@b/documents',
    's3://bucket/prefix?endpoint=http://10.0.0.1:9000',
    'mail@example.com asked for hs_ and the secret of dns:///name:7710',
    '{"route":"GET /v1/indexes/:index","took_ms":3}',
  ]
  for (const text of harmless) it(`leaves ${text} as it is`, () => assert.equal(redactSecrets(text), text))
})
