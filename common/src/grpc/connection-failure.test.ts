import assert from 'node:assert/strict'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { Client, Server, type UntypedHandleCall } from '@grpc/grpc-js'
import { freePort } from '@hypershard/harness'
import { Deadline } from '../time/deadline.ts'
import { callUnary, type UnaryMethod } from './call.ts'
import { clientOptions, clientOptionsBehind } from './channel-options.ts'
import { connectClient, plainCredentials } from './credentials.ts'

const bytes = { requestSerialize: Buffer.from, responseDeserialize: Buffer.from }
const echo = { path: '/test.Echo/Echo', requestStream: false, responseStream: false } as const

/** One call to an address, as the services make them. */
async function call(address: string, options = clientOptions, ms = 5_000): Promise<string> {
  const client = connectClient(Client, address, { credentials: plainCredentials, options })
  const method: UnaryMethod<Buffer, Buffer> = (request, metadata, callOptions, callback) =>
    client.makeUnaryRequest(
      ...([echo.path, bytes.requestSerialize, bytes.responseDeserialize, request, metadata] as const),
      ...([callOptions, callback as never] as const),
    )
  try {
    return (await callUnary(method, Buffer.from('ping'), Deadline.after(ms), `encoder service ${address}`)).toString()
  } finally {
    client.close()
  }
}

describe('a call to another process', () => {
  const closing: (() => void)[] = []

  afterEach(() => {
    for (const close of closing.splice(0)) close()
  })

  async function listen(server: net.Server): Promise<string> {
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    server.on('connection', socket => closing.push(() => socket.destroy()))
    closing.push(() => server.close())
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  async function startEcho(): Promise<string> {
    const server = new Server()
    const serialize = { requestDeserialize: Buffer.from, responseSerialize: Buffer.from }
    const definition = { echo: { ...echo, ...bytes, ...serialize } }
    server.addService(definition as never, { echo: reply as UntypedHandleCall })
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', plainCredentials.server, (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      )
    })
    closing.push(() => server.forceShutdown())
    return `127.0.0.1:${port}`
  }

  const failing: { title: string; address: () => Promise<string>; says: RegExp; ms?: number; code?: string }[] = [
    {
      title: 'that nobody listens for',
      address: async () => `127.0.0.1:${await freePort()}`,
      says: /^encoder service (127\.0\.0\.1:\d+): cannot connect: connect ECONNREFUSED \1; check that it runs/,
    },
    {
      title: 'whose connection is closed at once',
      address: () => listen(net.createServer(socket => socket.destroy())),
      says: /^encoder service 127\.0\.0\.1:\d+: cannot connect: the connection was closed before it stood.*proxy/,
    },
    {
      title: 'that something else than gRPC answers',
      address: () => listen(http.createServer((_, response) => response.end('hello'))),
      says: /^encoder service 127\.0\.0\.1:\d+: cannot connect: what listens there does not speak gRPC/,
    },
    {
      title: 'to a name that does not exist',
      address: async () => 'encoder.invalid:7702',
      says: /^encoder service encoder\.invalid:7702: cannot find the address of encoder\.invalid:7702; check/,
    },
    {
      title: 'that is taken and never answered',
      address: () => listen(net.createServer()),
      says: /^encoder service 127\.0\.0\.1:\d+: cannot connect within [\d.]+ s: nothing answers there/,
      ms: 200,
      code: 'deadline_exceeded',
    },
  ]
  for (const { title, address, says, ms, code = 'unavailable' } of failing) {
    it(`says address and cause of one ${title}`, async () => {
      await assert.rejects(call(await address(), clientOptions, ms), (error: Error & { code: string }) => {
        assert.match(error.message, says)
        assert.doesNotMatch(error.message, /undefined|null|Resolution note|LB pick/)
        assert.equal(error.code, code)
        return true
      })
    })
  }

  describe('where the environment names a proxy', () => {
    const names = ['grpc_proxy', 'https_proxy', 'http_proxy'] as const
    let before: Record<string, string | undefined>
    let asked: string[]

    beforeEach(async () => {
      before = Object.fromEntries([...names, 'no_proxy'].map(name => [name, process.env[name]]))
      asked = []
      const proxy = http.createServer()
      proxy.on('connect', ({ url = '' }, client) => {
        asked.push(url)
        const [host = '', port = ''] = url.split(':')
        const upstream = net.connect(Number(port), host, () => {
          client.write('HTTP/1.1 200 OK\r\n\r\n')
          upstream.pipe(client).pipe(upstream)
        })
        closing.push(() => upstream.destroy())
        client.on('error', () => upstream.destroy())
        upstream.on('error', () => client.destroy())
      })
      const address = await listen(proxy)
      for (const name of names) process.env[name] = `http://${address}`
      delete process.env.no_proxy
    })

    afterEach(() => {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
    })

    it('goes straight there', async () => {
      assert.equal(await call(await startEcho()), 'ping')
      assert.deepEqual(asked, [])
    })

    it('goes through the proxy when told so', async () => {
      const address = await startEcho()
      assert.equal(await call(address, clientOptionsBehind('environment')), 'ping')
      assert.deepEqual(asked, [address])
    })
  })
})

function reply({ request }: { request: Buffer }, done: (error: null, answer: Buffer) => void): void {
  done(null, request)
}
