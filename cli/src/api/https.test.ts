import assert from 'node:assert/strict'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { TestCertificates } from '@hypershard/harness/certificates'
import { runCommand } from '../testing/run-command.ts'

describe('the command line at https:// URLs', () => {
  let made: TestCertificates
  let ca: string
  let secure: string
  let plain: string
  const servers: Server[] = []

  before(async () => {
    made = await TestCertificates.make()
    const paths = await made.write('public', { names: ['127.0.0.1'] })
    ca = paths.ca
    const { certificate: cert, key } = await made.issue({ names: ['127.0.0.1'] })
    const answer: http.RequestListener = (_, response) => response.end('{"indexes":[]}')
    secure = await listen(https.createServer({ cert, key }, answer))
    plain = await listen(http.createServer(answer))
  })

  after(async () => {
    for (const server of servers) server.close()
    await made.remove()
  })

  async function listen(server: Server): Promise<string> {
    servers.push(server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  const list = (url: string, ...words: string[]) => runCommand(['--url', url, ...words, 'index', 'list'])

  it('believes the CA of --ca-file', async () => {
    assert.equal((await list(`https://${secure}`, '--ca-file', ca)).exitCode, 0)
  })

  it('believes the CA of HYPERSHARD_CA_FILE', async () => {
    const words = ['--url', `https://${secure}`, 'index', 'list']
    const surroundings = { environment: { HYPERSHARD_CA_FILE: ca } }
    assert.equal((await runCommand(words, { surroundings })).exitCode, 0)
  })

  const failing: { title: string; run: () => ReturnType<typeof list>; says: RegExp }[] = [
    {
      title: 'a server of an unknown CA',
      run: () => list(`https://${secure}`),
      says: /name the CA that signed its certificate with --ca-file or HYPERSHARD_CA_FILE/,
    },
    {
      title: 'plain HTTP to a port that speaks HTTPS',
      run: () => list(`http://${secure}`),
      says: /if it speaks HTTPS, call https:\/\/127/,
    },
    {
      title: 'HTTPS to a port that speaks plainly',
      run: () => list(`https://${plain}`, '--ca-file', ca),
      says: /if it speaks plain HTTP, call http:\/\/127/,
    },
    {
      title: 'a CA file that is not there',
      run: () => list(`https://${secure}`, '--ca-file', '/nowhere.pem'),
      says: /--ca-file: \/nowhere\.pem cannot be read/,
    },
    {
      title: 'a CA file that is none',
      run: () => list(`https://${secure}`, '--ca-file', made.pathsOf('public').key),
      says: /--ca-file: .* holds no certificate/,
    },
  ]
  for (const { title, run, says } of failing) {
    it(`says what to do about ${title}`, async () => {
      const { exitCode, stderr } = await run()
      assert.notEqual(exitCode, 0)
      assert.match(stderr, says)
    })
  }
})
