import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { programEnvironment } from '@hypershard/harness'
import { createFakeApi, serve, type TestServer } from '@hypershard/harness/api'

const program = fileURLToPath(new URL('../main.ts', import.meta.url))

describe('the command where the environment names a proxy', () => {
  const servers: TestServer[] = []
  let asked: string[]
  let proxy: TestServer

  beforeEach(async () => {
    asked = []
    proxy = await serve((request, response) => {
      asked.push(request.url ?? '')
      response.writeHead(502).end()
    })
    servers.push(proxy)
  })

  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  async function run(url: string): Promise<number | null> {
    const { url: address } = proxy
    const names = { http_proxy: address, HTTP_PROXY: address, https_proxy: address, NODE_USE_ENV_PROXY: '1' }
    const child = spawn(process.execPath, [program, '--url', url, '--timeout', '5000', 'index', 'list'], {
      env: { ...programEnvironment, ...names },
      stdio: 'ignore',
    })
    const [code] = await once(child, 'exit')
    return code
  }

  it('asks a coordinator on this machine without it', async () => {
    const api = await serve(createFakeApi())
    servers.push(api)
    assert.equal(await run(api.url), 0)
    assert.deepEqual(asked, [])
  })

  it('asks one elsewhere through it, since Node was told so', async () => {
    await run('http://coordinator.invalid:7700')
    assert.deepEqual(asked, ['http://coordinator.invalid:7700/v1/indexes'])
  })
})
