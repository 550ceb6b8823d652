import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'

/** A way to a server on which every answer is late, as one over a bad cable is. */
export interface SlowLink {
  /** `host:port`, in place of the server's own. */
  readonly address: string
  /** From now on; 0 for none. */
  delay(ms: number): void
  stop(): Promise<void>
}

export async function startSlowLink(serverAddress: string): Promise<SlowLink> {
  const [host = '', port = ''] = serverAddress.split(':')
  const sockets = new Set<Socket>()
  let delayMs = 0
  const server = createServer(client => {
    const upstream = createConnection(Number(port), host)
    for (const socket of [client, upstream]) {
      sockets.add(socket.setNoDelay(true))
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    }
    client.on('close', () => upstream.destroy()).pipe(upstream)
    upstream.on('close', () => client.destroy())
    upstream.pipe(late(() => delayMs)).pipe(client)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    delay: ms => {
      delayMs = ms
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const bytesWaitingMax = 64 * 1024 * 1024

/** Passes each piece on after the delay, in order; later pieces do not wait for the ones before them. */
function late(delayMs: () => number): Transform {
  let lastMs = 0
  return new Transform({
    readableHighWaterMark: bytesWaitingMax,
    transform(piece, _encoding, done) {
      lastMs = Math.max(lastMs, performance.now() + delayMs())
      setTimeout(() => this.push(piece), lastMs - performance.now())
      done()
    },
  })
}
