import { connect } from 'node:net'
import type { Random } from '@hypershard/harness'

/** What is sent over one connection. */
export interface Garbage {
  readonly what: string
  readonly bytes: Buffer
}

const goodHead = 'GET /v1/indexes HTTP/1.1\r\nhost: a\r\n'

/** Things that come to a port of the internet, and what attackers of proxies send; the same for the same seed. */
export function drawGarbage(random: Random): Garbage {
  const number = (max: number) => Math.floor(random.next() * max)
  const noise = (bytes: number) => Buffer.from(Array.from({ length: bytes }, () => number(256)))
  const letters = (count: number) => 'a'.repeat(count)
  const kinds: readonly (() => Garbage)[] = [
    () => ({ what: 'noise', bytes: noise(1 + number(4_000)) }),
    () => ({ what: 'a head that is cut', bytes: Buffer.from(goodHead.slice(0, 1 + number(goodHead.length - 1))) }),
    () => ({ what: 'many headers', bytes: Buffer.from(`${goodHead}${'x: y\r\n'.repeat(3_000)}\r\n`) }),
    () => ({ what: 'a long header', bytes: Buffer.from(`${goodHead}x: ${letters(100_000)}\r\n\r\n`) }),
    () => ({ what: 'a long path', bytes: Buffer.from(`GET /${letters(90_000)} HTTP/1.1\r\nhost: a\r\n\r\n`) }),
    () => ({
      what: 'two lengths',
      bytes: Buffer.from(
        `POST /v1/indexes HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: ${number(9)}\r\n\r\nhello`,
      ),
    }),
    () => ({
      what: 'a length and chunks',
      bytes: Buffer.from(
        'POST /v1/indexes HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: a\r\n\r\n',
      ),
    }),
    () => ({
      what: 'chunks of a nonsense length',
      bytes: Buffer.from(
        `PUT /v1/indexes/papers/documents HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n${number(2 ** 31).toString(16)}zz\r\n`,
      ),
    }),
    () => ({
      what: 'another protocol',
      bytes: Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), noise(200)]),
    }),
    () => ({ what: 'a TLS greeting', bytes: Buffer.concat([Buffer.from([22, 3, 1, 2, 0, 1]), noise(300)]) }),
    () => ({
      what: 'a path that leads out',
      bytes: Buffer.from('GET /docs/static/../../../../etc/passwd HTTP/1.1\r\nhost: a\r\n\r\n'),
    }),
    () => ({
      what: 'a method that is none',
      bytes: Buffer.from(`${letters(number(60))} / HTTP/1.1\r\nhost: a\r\n\r\n`),
    }),
    () => {
      const bytes = Buffer.from(`${goodHead}authorization: Bearer hs_x_y\r\n\r\n`)
      for (let at = 0; at < 4; at++) bytes[number(bytes.length)] = number(256)
      return { what: 'a request with wrong bytes', bytes }
    },
  ]
  return random.pick(kinds)()
}

const silenceMsMax = 300

/** Sends it, and gives what came back until the connection ended or nothing more came. */
export function sendGarbage(address: string, { bytes }: Garbage): Promise<string> {
  const colon = address.lastIndexOf(':')
  const socket = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) })
  const chunks: Buffer[] = []
  return new Promise((resolve, reject) => {
    socket.on('data', chunk => chunks.push(chunk))
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
    socket.setTimeout(silenceMsMax, () => socket.destroy())
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // To be hung up on is an answer.
      if (error.code === 'ECONNREFUSED') reject(error)
    })
    socket.write(bytes)
  })
}
